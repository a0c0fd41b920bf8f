"""Every setting of a daemon, declared once: file key, variable, option, help and default.

`web_port` is `web.port` in the file, `PMRUNNER_WEB_PORT` in the environment and `--web-port` on the
command line. `agent.claude` is a section in a section: the words before the name of a setting are in
`_SECTIONS`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from pmrunnerd.model import notices, variables
from pmrunnerd.model.quantities import SIZES, TIMES, size, span

PREFIX: Final = "PMRUNNER_"
# People talk to prod and dev at the same time, so they cannot have the same port.
PORTS: Final = {"prod": 3502}
# Sections of more than one word.
_SECTIONS: Final = ("agent_claude", "agent_acp")

# How a setting is written, and how its default is told.
_SIZE: Final = {
    "units": SIZES,
    "or": "bytes, or a size such as 512MiB (KiB, MiB, GiB, TiB)",
    "told": size,
}
_TIME: Final = {
    "units": TIMES,
    "or": "seconds, or a time such as 30min (s, min, h, days)",
    "told": span,
}
_DOLLARS: Final = {"or": "US dollars, 0 for no limit"}
# JSON has no number without an end; and sums of these have one, too.
_MOST_BYTES: Final = 1 << 50  # 1024 TiB
_MOST_TIME: Final = 36500 * 86400.0
_MOST_DOLLARS: Final = 1_000_000
_MOST_TIMES: Final = 1_000_000
_VARIABLES: Final = {"or": "variables, such as HTTPS_PROXY=http://proxy:3128 NO_PROXY=localhost"}


def _size(what: str) -> Meta:
    return Meta(ge=0, le=_MOST_BYTES, description=what, extra=_SIZE)


def _time(what: str) -> Meta:
    return Meta(gt=0, le=_MOST_TIME, description=what, extra=_TIME)


def _dollars(what: str) -> Meta:
    return Meta(ge=0, le=_MOST_DOLLARS, description=what, extra=_DOLLARS)


def _count(what: str, least: int = 0) -> Meta:
    return Meta(ge=least, le=_MOST_TIMES, description=what)


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set. Sizes are bytes, times are seconds, where no unit is written."""

    web_host: Annotated[str, Meta(description="Address of the web door.")] = "127.0.0.1"
    web_port: Annotated[
        int, Meta(ge=0, le=65535, description="Port of the web door; 0 closes it.")
    ] = 3503
    runs_slots: Annotated[int, Meta(ge=1, le=64, description="Runs at the same time.")] = 2
    runs_memory: Annotated[
        int, _size("Memory that must be free for a run to begin; 0 never asks.")
    ] = 512 << 20
    runs_total: Annotated[float, _time("How long a run may take in all.")] = 4 * 3600.0
    runs_silence: Annotated[float, _time("How long a run may stay silent.")] = 1800.0
    runs_interruptions: Annotated[
        int, _count("Interruptions in a row after which a task fails.", least=1)
    ] = 5
    gates_slots: Annotated[
        int, Meta(ge=1, le=64, description="Gates of one gate run at the same time.")
    ] = 2
    store_checkpoint: Annotated[
        int,
        _count(
            "Commits after which a snapshot is written; a start reads what came since.", least=1
        ),
    ] = 8192
    disk_reserve: Annotated[
        int, _size("What runs leave alone of the state's disk: with less, none begins.")
    ] = 512 << 20
    retention_age: Annotated[
        float,
        Meta(
            ge=0,
            le=_MOST_TIME,
            description="How long the files of a run are kept once it is over.",
            extra=_TIME,
        ),
    ] = 30 * 86400.0
    retention_size: Annotated[int, _size("How large the files of all runs together may be.")] = (
        10 << 30
    )
    retention_latest: Annotated[
        int, _count("Runs of each project whose files stay, the latest ones.")
    ] = 5
    retention_gates: Annotated[
        int,
        Meta(
            ge=1, le=50, description="Gate runs of each project whose logs stay, the latest ones."
        ),
    ] = 20
    runs_unconfined: Annotated[
        bool, Meta(description="Run agents without a sandbox where none can start.")
    ] = False
    agent_env: Annotated[
        dict[str, str],
        Meta(
            description="More variables for an agent's own program: proxies, a CA, a base URL.",
            extra=_VARIABLES,
        ),
    ] = {}
    agent_claude_path: Annotated[
        str, Meta(description="Claude Code to use, by path; empty is the one that the SDK brings.")
    ] = ""
    agent_claude_model: Annotated[
        str, Meta(description="Model to use; empty is what Claude Code chooses.")
    ] = ""
    agent_claude_turns: Annotated[int, _count("Turns of the model in one run; 0 is no limit.")] = 0
    agent_claude_dollars: Annotated[float, _dollars("What one run may cost.")] = 0.0
    agent_claude_task_dollars: Annotated[float, _dollars("What all runs of a task may cost.")] = 0.0
    agent_claude_plan_dollars: Annotated[float, _dollars("What all runs of a plan may cost.")] = 0.0
    agent_claude_day_dollars: Annotated[
        float, _dollars("What all runs of a day, in UTC, may cost.")
    ] = 0.0
    agent_claude_rounds: Annotated[
        int, _count("How often work is sent back with what was found before a person is asked.")
    ] = 2
    agent_acp_command: Annotated[
        str,
        Meta(
            description="What starts an agent of the Agent Client Protocol, such as gemini --acp, as a shell has it."
        ),
    ] = ""
    agent_acp_env: Annotated[
        dict[str, str],
        Meta(
            description="More variables for its program alone; its login may be one, which its commands have, too.",
            extra=_VARIABLES | {"logins": True},
        ),
    ] = {}
    agent_acp_shown: Annotated[
        str,
        Meta(
            description="Paths, with : between, that its sandbox shows beside /usr: where its program is."
        ),
    ] = ""
    agent_acp_rounds: Annotated[
        int, _count("How often its work is sent back with what was found, as for Claude.")
    ] = 2
    notify_webhook: Annotated[
        str,
        Meta(
            description="URL to which is posted what a person is to know; empty is nowhere.",
            extra=notices.URL_SETTING,
        ),
    ] = ""
    notify_on: Annotated[
        str, Meta(description="What is worth telling, by its kinds.", extra=notices.KINDS_SETTING)
    ] = "questions,failures"
    notify_private: Annotated[
        str,
        Meta(
            description="Addresses and networks that notifications may reach though they are private.",
            extra=notices.NETWORKS_SETTING,
        ),
    ] = ""
    notify_proxy: Annotated[
        str,
        Meta(
            description="Proxy that notifications go through, by its URL.",
            extra=notices.PROXY_SETTING,
        ),
    ] = ""


class Row(Struct, frozen=True, kw_only=True):
    """One setting, as its doors spell it: what it `expects` in words, its default as it is `shown`.

    `logins` tells whether variables may be some, `secret` whether the value is. `check` returns a value
    as it is kept, and raises ValueError.
    """

    field: str
    key: str
    variable: str
    option: str
    help: str
    default: Any
    expects: str
    shown: str
    units: Mapping[str, float] | None = None
    logins: bool = False
    check: Callable[[Any], Any] | None = None
    secret: bool = False


def _row(info: msgspec.inspect.Field) -> Row:
    described = info.type
    assert isinstance(described, msgspec.inspect.Metadata), f"{info.name} has no description"
    extra = described.extra or {}
    told = extra.get("told", _told)
    default = info.default_factory() if info.default is msgspec.NODEFAULT else info.default
    return Row(
        field=info.name,
        key=_key(info.name),
        variable=PREFIX + info.name.upper(),
        option="--" + info.name.replace("_", "-"),
        help=(described.extra_json_schema or {}).get("description", ""),
        default=default,
        expects=_expected(described.type, extra.get("or", ""), told),
        shown=told(default).replace(" ", ""),
        units=extra.get("units"),
        logins=extra.get("logins", False),
        check=extra.get("check"),
        secret=extra.get("secret", False),
    )


def _key(field: str) -> str:
    for section in _SECTIONS:
        if field.startswith(f"{section}_"):
            return f"{section.replace('_', '.')}.{field.removeprefix(f'{section}_')}"
    return field.replace("_", ".", 1)


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return variables.spell(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expected(kind: msgspec.inspect.Type, quantity: str, told: Callable[[Any], str]) -> str:
    """Say in words what a setting may be."""
    match kind:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType(ge=least, le=most) if not quantity:
            return f"a whole number from {least} to {most}"
        case msgspec.inspect.IntType(le=most) | msgspec.inspect.FloatType(gt=None, le=most):
            return f"a number of {quantity}, {told(most)} at most"
        case msgspec.inspect.FloatType(le=most):
            return f"a number of {quantity}, above 0, {told(most)} at most"
        case msgspec.inspect.DictType() | msgspec.inspect.StrType() if quantity:
            return quantity
    return "a text"


def table() -> tuple[Row, ...]:
    """Return every setting, in the order of the struct."""
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    return tuple(_row(field) for field in info.fields)
