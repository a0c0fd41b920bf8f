"""One short request of Claude Code, in a cell as a run has one: whether it could work at all.

It has no tools and one turn, so it costs next to nothing; but it costs something, so only who asks
for it has it done.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.errors import PmError
from pmrunnerd.services import cells, process, sandbox
from pmrunnerd.services.cell import Cell, Reach
from pmrunnerd.services.pipes import Drain

NAME: Final = "claude request"
# The cheapest model that is known under a name that lasts.
_MODEL: Final = "haiku"
_TOTAL: Final = 90.0
_MOST: Final = 1 << 20
_WORDS: Final = (
    *("-p", "Answer with the word: fine", "--output-format", "json", "--max-turns", "1"),
    *("--tools", "", "--setting-sources", "", "--strict-mcp-config", "--no-session-persistence"),
)
_ENVIRONMENT: Final = {
    "PATH": process.PATH,
    "HOME": sandbox.HOME,
    "CLAUDE_CONFIG_DIR": sandbox.SESSION,
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "1",
    "DISABLE_AUTOUPDATER": "1",
}
# The secret comes by standard input: an argument of bubblewrap is there for all to read.
_KNOWN_AS: Final = 'read -r secret && export "$0=$secret" && exec "$@" </dev/null'
_AGAIN: Final = "pmrunnerctl doctor --agent claude   # later"
LOGIN: Final = "pmrunnerctl agent login"
_SHOW: Final = "pmrunnerctl agent show"
_ODD: Final = "pmrunnerctl agent show   # is it the program that was tested? a base URL: agent.env"
_NETWORK: Final = "curl -sS https://api.anthropic.com/   # a proxy, a CA, a base URL: agent.env"

_UNKNOWN: Final = "the provider does not know this login", LOGIN
_BUSY: Final = "the provider takes no more just now", _AGAIN
_STATUSES: Final = {
    401: _UNKNOWN,
    403: _UNKNOWN,
    404: (
        "the provider has no such model, or no such address",
        "pmrunnerd -h   # settings agent.claude.model and agent.env",
    ),
    429: _BUSY,
    529: _BUSY,
}
# Who says so without a name for it, as the API has one, is somebody between us and the provider.
_BETWEEN: Final = "something on the way to the provider, such as a proxy, refuses us", _NETWORK
# Of an answer that never came: what the CLI says, in the order in which it means something. The one
# that this was tried with asks for no theme, trust or terms where nobody sees it; others have. A person
# cannot answer that once: each run has a configuration of its own.
_SIGNS: Final = (
    (("log in", "login", "logged in", "authenticat", "api key"), ("it is not logged in", LOGIN)),
    (
        ("onboarding", "theme", "trust", "terms"),
        (
            "it wants to be set up",
            "pmrunnerctl agent show   # the program that was tested does not",
        ),
    ),
    (
        ("connect", "network", "fetch", "socket", "certificate", "dns"),
        ("the provider cannot be reached", _NETWORK),
    ),
)


class Said(Struct, frozen=True, kw_only=True):
    """What came of it: the result that the CLI printed, if it did, and what else it said."""

    status: int
    result: Mapping[str, Any]
    rest: str = ""


async def attempt(
    program: Path,
    secret: Mapping[str, str],
    *,
    more: Mapping[str, str],
    model: str = "",
    hidden: Sequence[Path],
) -> Check:
    """Have it make one request, and return what came of it in words. `more` are more variables."""
    try:
        with tempfile.TemporaryDirectory(prefix="pm-runner-") as scratch:
            said = await _ask(scratch, program, secret, more, model, hidden)
    except TimeoutError:
        found = f"no answer within {_TOTAL:g} s"
        return Check(name=NAME, state="problem", found=found, hint=_NETWORK)
    except (PmError, OSError) as exc:
        hint = getattr(exc, "hint", None) or "pmrunnerctl doctor"
        return Check(name=NAME, state="problem", found=str(exc), hint=hint)
    return judge(said)


async def _ask(  # noqa: PLR0913 - as for attempt
    scratch: str,
    program: Path,
    secret: Mapping[str, str],
    more: Mapping[str, str],
    model: str,
    hidden: Sequence[Path],
) -> Said:
    workspace, agent, session = _places(scratch)
    await _make_repository(workspace)
    cell = await cells.make(workspace, "doctor", agent=agent, hidden=hidden, unconfined=False)
    words = [str(program), *_WORDS, "--model", model or _MODEL]
    reach = Reach(network=True, shown=(program,), kept=session, talks=True, nests=True)
    async with asyncio.timeout(_TOTAL):
        return await _listen(cell, words, secret, {**more, **_ENVIRONMENT}, reach)


def _places(scratch: str) -> tuple[Path, Path, Path]:
    """Make a workspace, and what a run has beside it: its directory, and in it its session."""
    where = Path(scratch).resolve()
    places = where / "workspace", where / "agent", where / "agent" / "session"
    for path in (*places, where / "agent" / "home"):
        path.mkdir(parents=True, exist_ok=True)
    return places


async def _make_repository(workspace: Path) -> None:
    await process.run(
        ["git", "init", "-q", workspace], cwd=workspace, env=sandbox.own(), total=10.0, limit=4096
    )


async def _listen(
    cell: Cell,
    words: list[str],
    secret: Mapping[str, str],
    environment: Mapping[str, str],
    reach: Reach,
) -> Said:
    ((variable, value),) = secret.items()
    command = await cell.start(["/bin/sh", "-c", _KNOWN_AS, variable, *words], environment, reach)
    out, err = bytearray(), bytearray()
    drains = [Drain(command.stdout, out.extend), Drain(command.stderr, err.extend)]
    try:
        assert command.stdin is not None
        os.write(command.stdin, f"{value}\n".encode())
        for drain in drains:
            await drain.finished()
        status = await command.wait()
    finally:
        await command.end()
        for drain in drains:
            drain.close()
        if command.stdin is not None:
            os.close(command.stdin)
    text = (bytes(out) + b"\n" + bytes(err))[-_MOST:].decode(errors="replace").strip()
    result: Any = {}
    with contextlib.suppress(msgspec.DecodeError):
        result = msgspec.json.decode(bytes(out))
    return Said(status=status, result=result if isinstance(result, dict) else {}, rest=text)


def judge(said: Said) -> Check:
    """Say what an answer means."""
    result = said.result
    if result and not result.get("is_error"):
        cost = result.get("total_cost_usd")
        amount = cost if isinstance(cost, int | float) else 0
        return Check(name=NAME, state="ok", found=f"the model answered, for {amount:.4f} dollars")
    words = str(result.get("result") or "").strip()
    if not words and said.rest.strip().startswith("{"):
        kind = str(result.get("subtype") or "") or "no result"
        # An answer that is not words has words of all kinds in it, which mean nothing.
        found = f"it ended without an answer ({kind[:40]}, exit status {said.status})"
        return Check(name=NAME, state="problem", found=found, hint=_ODD)
    words = words or said.rest.strip() or f"exit status {said.status}"
    first = words.splitlines()[0][:300]
    status, named = result.get("api_error_status"), bool(result.get("api_error_type"))
    found, hint = _why(status, words.lower(), named=named)
    return Check(name=NAME, state="problem", found=f"{found}: {first}", hint=hint)


def _why(status: object, words: str, *, named: bool) -> tuple[str, str]:
    """Return what it comes to, and what to do: by the status of the answer, or else by the words."""
    if isinstance(status, int):
        if not named and _STATUSES.get(status) is _UNKNOWN:
            return _BETWEEN
        return _STATUSES.get(status, (f"the provider refused it ({status})", _SHOW))
    for signs, what in _SIGNS:
        if any(sign in words for sign in signs):
            return what
    return "it failed", _SHOW
