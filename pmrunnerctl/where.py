"""Where the daemon is that somebody means."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerctl.exits import Cannot, misused, unreachable
from pmrunnerd.model.naming import ENVIRONMENT

RUN: Final = Path("/run/pm-runner")
HOMES: Final = Path("/opt/pm-runner")
SOCKET: Final = "control.sock"
READ: Final = "read.sock"
VARIABLE: Final = "PMRUNNER_SOCKET"
START: Final = "pmrunnerctl start"
OWN: Final = Path(__file__).resolve().parents[1]
_PROGRAM: Final = Path(sys.argv[0])


class Place(NamedTuple):
    """A socket, the environment that must answer there (empty: any), and what to do if none does."""

    socket: Path
    environment: str
    hint: str = START


def find(  # noqa: PLR0913 - each is something that says where
    *,
    socket: Path | None,
    environment: str,
    variables: Mapping[str, str],
    here: Path,
    run: Path = RUN,
    homes: Path = HOMES,
    program: Path = _PROGRAM,
) -> Place:
    """Return the place of the daemon: as the options say, as the variables say, or the only one.

    An option wins over a variable, a socket over an environment. Raises Cannot saying where
    it looked.
    """
    hint = START
    if socket is None and not environment and (socket := named(variables)) is not None:
        hint = f"{START}\nunset {VARIABLE}   if it names one that is not meant"
    environment = environment or ("" if socket else variables.get("PMRUNNER_ENV", ""))
    if environment and not ENVIRONMENT.fullmatch(environment):
        raise misused(
            f"cannot use environment {environment!r}:"
            " names are a letter and up to 15 letters or digits"
        )
    if socket is not None:
        return Place(here / socket, environment, hint)
    if environment:
        return _of_environment(environment, here, run, homes, program)
    return _only(here, run, program)


def named(variables: Mapping[str, str]) -> Path | None:
    """Return the socket that the variables name."""
    path = variables.get(VARIABLE)
    return Path(path) if path else None


def checkout(here: Path, program: Path = _PROGRAM, run: Path = RUN) -> Path | None:
    """Return the nearest directory upwards that this very client was installed from or into.

    Where there is none, and no environment is installed, that in whose `.venv` it is.
    A `state` that merely lies there is not taken: an agent can leave one in its workspace.
    """
    for directory in (here, *here.parents):
        if _is_own(directory, program) and _trusted(directory / "state"):
            return directory
    return None if _installed(run) else _home(program)


def _installed(run: Path) -> list[str]:
    return sorted(path.parent.name for path in run.glob(f"*/{SOCKET}"))


def _home(program: Path) -> Path | None:
    """Return the checkout in whose `.venv` a client is, from wherever it is called."""
    try:
        environment = program.resolve(strict=True).parents[1]
    except (OSError, IndexError):
        return None
    home = environment.parent
    return home if environment.name == ".venv" and _trusted(home / "state") else None


def _of_environment(environment: str, here: Path, run: Path, homes: Path, program: Path) -> Place:
    installed = run / environment / SOCKET
    hint = f"systemctl status pm-runner@{environment}"
    if installed.exists():
        return Place(_for_us(installed), environment, hint)
    if (directory := checkout(here, program, run)) is not None:
        return Place(directory / "state" / SOCKET, environment, f"{START} --env {environment}")
    if not installed.parent.exists():  # none has started since this machine has
        hint = f"sudo systemctl start pm-runner@{environment}"
    if not run.exists():  # nothing was ever installed here
        hint = f"{START} --env {environment} --state-dir ./state"
    if homes.is_dir() and not (homes / environment).is_dir():
        hint = f"pmrunnerctl env list   # there is no environment {environment}"
    return Place(installed, environment, hint)


def _for_us(control: Path) -> Path:
    """Return the socket for readers beside a control socket that we may not use, if we may use that."""
    read = control.with_name(READ)
    if os.access(control, os.W_OK, effective_ids=True):
        return control
    return read if os.access(read, os.W_OK, effective_ids=True) else control


def _only(here: Path, run: Path, program: Path) -> Place:
    if (directory := checkout(here, program, run)) is not None:
        return Place(directory / "state" / SOCKET, "", START)
    names = _installed(run)
    if len(names) == 1:
        return Place(
            _for_us(run / names[0] / SOCKET), names[0], f"systemctl status pm-runner@{names[0]}"
        )
    if names:
        raise _none(
            f"there are {len(names)}: {', '.join(names)}",
            hint=f"pmrunnerctl --env {names[0]} status",
        )
    for directory in (here, *here.parents):
        if (found := directory / "state" / SOCKET).exists():
            raise _none(
                f"{found} is not of the checkout of this pmrunnerctl, and anybody could have left it",
                hint=f"pmrunnerctl --socket {found} status",
            )
    raise _none(
        f"there is no state/{SOCKET} from {here} upwards and none in {run}/*, and none was named",
        hint=f"{START} --state-dir ./state   or name it: --socket PATH, --env NAME",
    )


def _none(why: str, hint: str) -> Cannot:
    return unreachable(f"cannot tell which pmrunnerd is meant: {why}", hint=hint)


def _trusted(state: Path) -> bool:
    """Tell whether a state directory may be taken without being named.

    In /tmp and its like anybody can leave one; what we would be told there would be theirs.
    """
    try:
        return state.is_dir() and state.stat().st_uid in {0, os.geteuid()}
    except OSError:
        return False


def _is_own(directory: Path, program: Path) -> bool:
    installed = directory / ".venv"
    try:
        if installed.exists() and installed.samefile(sys.prefix):
            return True
        if (installed / "bin" / "pmrunnerctl").samefile(program):
            return True
    except OSError:
        pass
    try:
        ours = directory.samefile(OWN)
        return ours and 'name = "pm-runner"' in (directory / "pyproject.toml").read_text()
    except (OSError, ValueError):
        return False
