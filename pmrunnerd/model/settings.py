"""Every setting of a daemon, declared once: file key, variable, option, help and default.

`web_port` is `web.port` in the file, `PMRUNNER_WEB_PORT` in the environment and `--web-port` on the
command line; the first that is given, from right to left, wins.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from pmrunnerd.model.errors import BadRequest

PREFIX: Final = "PMRUNNER_"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set. Sizes are bytes, times are seconds."""

    web_host: Annotated[str, Meta(description="Address of the web door.")] = "127.0.0.1"
    web_port: Annotated[
        int, Meta(ge=0, le=65535, description="Port of the web door; 0 closes it.")
    ] = 3503
    runs_slots: Annotated[int, Meta(ge=1, le=64, description="Runs at the same time.")] = 2
    runs_memory: Annotated[
        int,
        Meta(
            ge=0, description="Bytes of memory that must be free for a run to begin; 0 never asks."
        ),
    ] = 512 << 20
    runs_total: Annotated[float, Meta(gt=0, description="Seconds that a run may take in all.")] = (
        4 * 3600.0
    )
    runs_silence: Annotated[
        float, Meta(gt=0, description="Seconds that a run may stay silent.")
    ] = 1800.0
    runs_interruptions: Annotated[
        int, Meta(ge=1, description="Interruptions in a row after which a task fails.")
    ] = 5
    store_checkpoint: Annotated[
        int,
        Meta(
            ge=1,
            description="Commits after which a snapshot is written; a start reads what came since.",
        ),
    ] = 8192
    disk_reserve: Annotated[
        int,
        Meta(
            ge=0,
            description="Bytes of the state's disk that runs leave alone: with less, none begins.",
        ),
    ] = 512 << 20
    retention_age: Annotated[
        float, Meta(ge=0, description="Seconds that the files of a run are kept once it is over.")
    ] = 30 * 86400.0
    retention_size: Annotated[
        int, Meta(ge=0, description="Bytes that the files of all runs together may have.")
    ] = 10 << 30
    retention_latest: Annotated[
        int, Meta(ge=0, description="Runs of each project whose files stay, the latest ones.")
    ] = 5
    runs_unconfined: Annotated[
        bool, Meta(description="Run agents without a sandbox where none can start.")
    ] = False


class Row(Struct, frozen=True, kw_only=True):
    """One setting, as its doors spell it."""

    field: str
    key: str
    variable: str
    option: str
    help: str
    default: Any


def _row(info: msgspec.inspect.Field) -> Row:
    described = info.type
    assert isinstance(described, msgspec.inspect.Metadata), f"{info.name} has no description"
    return Row(
        field=info.name,
        key=info.name.replace("_", ".", 1),
        variable=PREFIX + info.name.upper(),
        option="--" + info.name.replace("_", "-"),
        help=(described.extra_json_schema or {}).get("description", ""),
        default=info.default,
    )


def table() -> tuple[Row, ...]:
    """Return every setting, in the order of the struct."""
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    return tuple(_row(field) for field in info.fields)


def resolve(
    file: Mapping[str, Any], environment: Mapping[str, str], options: Mapping[str, Any]
) -> Settings:
    """Merge a parsed configuration file (tables of keys), variables and options (by field).

    Raises BadRequest naming the key that is unknown or has a wrong value.
    """
    rows = table()
    by_key = {row.key: row for row in rows}
    found: dict[str, Any] = {}
    for section, values in file.items():
        for name, value in values.items() if isinstance(values, Mapping) else [("", values)]:
            key = f"{section}.{name}" if name else section
            if key not in by_key:
                raise BadRequest(
                    f"cannot use the configuration: there is no setting {key}",
                    hint=f"settings are {', '.join(by_key)}",
                )
            found[by_key[key].field] = value
    found |= {r.field: environment[r.variable] for r in rows if r.variable in environment}
    found |= {field: value for field, value in options.items() if value is not None}
    settings = Settings()
    for row in rows:
        if row.field in found:
            try:
                settings = msgspec.convert(
                    {**msgspec.structs.asdict(settings), row.field: found[row.field]},
                    Settings,
                    strict=False,
                )
            except msgspec.ValidationError as exc:
                why = str(exc).partition(" - at")[0]
                raise BadRequest(
                    f"cannot use setting {row.key} = {found[row.field]!r}: {why}"
                ) from exc
    return settings
