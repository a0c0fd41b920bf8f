"""The program that agent `acp` starts: what a setting says of it, and whether a sandbox shows it."""

import importlib.util
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.errors import Refused
from pmrunnerd.services import process

AGENT: Final = "acp"
LIBRARY: Final = "agent-client-protocol==0.12.1"
_PYTHON: Final = shlex.quote(sys.executable)
INSTALL: Final = (
    f"{_PYTHON} -m pip install {LIBRARY}   # with uv: uv pip install --python {_PYTHON} {LIBRARY}"
)
_CANNOT: Final = "cannot start the agent: "
_START: Final = "pmrunnerctl stop --keep-runs; pmrunnerctl start -- --agent-acp-command"
_SET: Final = f"{_START} 'gemini --acp' --agent-acp-shown /opt/gemini   # or what you have"
# What every sandbox shows of programs.
_SHOWN: Final = (Path("/usr"), Path("/bin"), Path("/sbin"), Path(sys.base_prefix).resolve())


def check(command: str, shown: str) -> Check:
    """Judge whether an agent of the protocol could be started, and say all that is wrong. Nothing is started."""
    wrong: list[str] = []
    hints: list[str] = []
    if not has_library():
        wrong.append("agent-client-protocol is not installed")
        hints.append(INSTALL)
    try:
        first, *_ = words(command)
        found = program(first, paths(shown))
    except Refused as exc:
        wrong.append(str(exc).removeprefix(_CANNOT))
        hints += [exc.hint] if exc.hint else []
    if wrong:
        said, hint = "; ".join(wrong), "\n".join(hints)
        return Check(name="acp", state="problem", found=said, hint=hint)
    return Check(name="acp", state="ok", found=f"{found}; it logs in by itself")


def has_library() -> bool:
    """Tell whether the protocol's library is installed. Nothing of it is run."""
    try:
        return importlib.util.find_spec("acp") is not None
    except (ImportError, ValueError, OSError):
        return False


def words(command: str) -> tuple[str, ...]:
    """Return the words of a command. Raises Refused where there are none."""
    try:
        found = tuple(shlex.split(command))
    except ValueError as exc:
        raise _refused(f"agent.acp.command cannot be read: {str(exc).lower()}") from None
    if not found:
        raise _refused("agent.acp.command is not set")
    return found


def paths(shown: str) -> tuple[Path, ...]:
    """Return what a sandbox is to show. Raises Refused where that cannot be shown."""
    found = tuple(Path(path) for path in shown.split(":") if path)
    for path in found:
        if not path.is_absolute() or not path.exists():
            raise _refused(f"{path} is not there (agent.acp.shown)")
    return found


def program(word: str, shown: Sequence[Path]) -> Path:
    """Return the program that a command's first word names. Raises Refused where none is shown."""
    named = Path(word) if "/" in word else None
    found = named if named is not None else _which(word)
    if found is None or not found.is_file() or not found.is_absolute():
        raise _refused(f"{word} is no program (agent.acp.command)")
    # Both: the link has to be there, and so has what it leads to.
    for path in (found, found.resolve()):
        if not any(path.is_relative_to(place) for place in (*_SHOWN, *shown)):
            raise _refused(f"{path} is in no sandbox: agent.acp.shown does not have it")
    return found


def _which(word: str) -> Path | None:
    found = shutil.which(word, path=process.PATH)
    return Path(found) if found else None


def _refused(why: str) -> Refused:
    return Refused(f"{_CANNOT}{why}", hint=_SET)
