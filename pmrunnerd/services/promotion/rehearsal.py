"""Has a release rehearsed on a copy of a state, before anything is switched: root's side of it.

Root copies, and reads a verdict. What lives on the copy are two releases, in a unit that is nobody's, sees no other
state and reaches nothing; in walls of bubblewrap where there is no service manager.
"""

import contextlib
import shutil
import sys
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import rehearsal as r
from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, Outcome, why
from pmrunnerd.services.promotion import copying
from pmrunnerd.services.releases import papers
from pmrunnerd.services.releases.programs import BOOTED, program
from pmrunnerd.services.releases.shelf import Shelf

# As the unit of a daemon has them.
PATIENCE: Final = 30.0
MEMORY: Final = 1 << 30
# Of a unit with DynamicUser=, which nobody else can enter.
PLACE: Final = Path("/var/lib/private/pm-runner-rehearse")
CONFIGURATIONS: Final = "etc/pm-runner"
_INSIDE: Final = "/run/rehearsal"
_TOTAL: Final = 900.0
_SAYS: Final = 1 << 20
_LARGEST: Final = 4 << 20
_ENV: Final = {"PATH": process.PATH, "LANG": "C.UTF-8"}


async def rehearse(  # noqa: PLR0913 - what is tried on what, and how long and how large it may be
    shelf: Shelf,
    environment: str,
    candidate: str,
    state: Path,
    place: Path,
    *,
    patience: float = PATIENCE,
    memory: int = MEMORY,
) -> tuple[str, ...]:
    """Return what is not as it was, a sentence each; none where the candidate may be switched to.

    `place` is where it may work, if no unit does. Raises PmError and OSError where nothing could be seen.
    """
    installed = shelf.root == Path("/") and BOOTED.is_dir()
    place = PLACE / environment if installed else place / "rehearsal"
    order = r.Trial(environment=environment, candidate=candidate, patience=patience, memory=memory)
    if installed:
        # Of a promoter that was killed; it would be waited for in place of ours, on a copy that is gone.
        await _systemctl("stop", environment)
    _clear(place)
    try:
        place.mkdir(parents=True, mode=0o700)
        copying.copy(state, place / r.STATE)
        _bring(shelf.root, environment, place)
        (place / r.ORDER).write_bytes(msgspec.json.encode(order))
        done = await (
            _systemctl("start", environment) if installed else _in_walls(shelf, environment, place)
        )
        return _verdict(place, done)
    finally:
        _clear(place)


def _clear(place: Path) -> None:
    """Have nothing there: links are links to it, and nobody lives there any more."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(place)


def _bring(root: Path, environment: str, place: Path) -> None:
    """Give it the configuration, which the candidate is to be able to read, too."""
    file = root / CONFIGURATIONS / f"{environment}.toml"
    match papers.paper(file, _LARGEST):
        case str(why):
            raise Unavailable(f"cannot rehearse: {why}", hint=f"ls -l {file}")
        case found:
            (place / r.CONFIGURATION).write_bytes(found or b"")


async def _systemctl(verb: str, environment: str) -> Outcome:
    unit = f"pm-runner-rehearse@{environment}.service"
    command = ("systemctl", "--no-ask-password", verb, unit)
    return await process.run(command, cwd=Path("/"), env=_ENV, total=_TOTAL, limit=_SAYS)


async def _in_walls(shelf: Shelf, environment: str, place: Path) -> Outcome:
    launch = program("launch")
    shown = (Path(sys.base_prefix), Path(sys.prefix), launch.parent, shelf.home)
    hidden = (Path("/root"), Path("/home"), Path("/srv"), Path("/tmp"), Path("/var/lib/pm-runner"))  # noqa: S108
    argv = [
        *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *("--unshare-net", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--clearenv", "--setenv", "PATH", process.PATH, "--setenv", "LANG", "C.UTF-8"),
        *("--setenv", "STATE_DIRECTORY", _INSIDE),
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"),
        *(word for path in hidden if path.is_dir() for word in ("--tmpfs", str(path))),
        *(word for path in shown for word in ("--ro-bind", str(path), str(path))),
        *("--bind", str(place), _INSIDE, "--chdir", "/", "--"),
        *(sys.executable, "-IBS", str(launch), "--root", str(shelf.root)),
        *("rehearse", environment),
    ]
    return await process.run(argv, cwd=Path("/"), env=_ENV, total=_TOTAL, limit=_SAYS)


def _verdict(place: Path, done: Outcome) -> tuple[str, ...]:
    """Read what whoever rehearsed wrote, who may be anybody: it is a text to be shown, and no more."""
    if not isinstance(done, Exited) or done.status:
        raise PmError(
            f"cannot rehearse: {why(done)}", hint="journalctl -n 20 -u 'pm-runner-rehearse@*'"
        )
    found = papers.paper(place / r.VERDICT, _LARGEST)
    if not isinstance(found, bytes):
        raise PmError(f"cannot rehearse: {found or 'there is no verdict'}")
    try:
        return msgspec.json.decode(found, type=r.Verdict).differences
    except msgspec.DecodeError as exc:
        raise PmError(f"cannot rehearse: the verdict cannot be read: {exc}") from exc
