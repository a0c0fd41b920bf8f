"""What can be done with a state directory without its daemon: `python -m pmrunnerd.offline VERB`.

One line of JSON on standard output is the reply, one on standard error is an error with its code.
`pmrunnerctl` is who calls it.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from pmrunnerd import __version__
from pmrunnerd.model.errors import BadRequest, Code, PmError, Refused
from pmrunnerd.model.upkeep import Archived
from pmrunnerd.model.views import View
from pmrunnerd.services import lockfile
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.host import runs_directory
from pmrunnerd.store.archive import write_archive
from pmrunnerd.store.backup import backup
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.repair import repair
from pmrunnerd.store.restore import Here, restore
from pmrunnerd.store.verify import verify


def _verify(given: argparse.Namespace) -> View:
    return verify(Disk(), given.state_dir)


def _repair(given: argparse.Namespace) -> View:
    at = Clock().now()
    return repair(Disk(), given.state_dir, at=at, release=__version__, change=given.yes)


def _backup(given: argparse.Namespace) -> View:
    at = Clock().now()

    def make(out: IO[bytes]) -> Archived:
        return backup(
            Disk(), given.state_dir, out, at=at, release=__version__, environment=given.env
        )

    if given.to is None:
        raise BadRequest("cannot back up: name the archive", hint="--to PATH")
    return write_archive(Disk(), given.to.absolute(), make, force=given.force)


def _restore(given: argparse.Namespace) -> View:
    if given.archive is None:
        raise BadRequest("cannot restore: name the archive", hint="ARCHIVE, or - to read it")
    _check_nobody_runs(given.state_dir)
    here = Here(at=Clock().now(), release=__version__, environment=given.env)
    with _reading(given.archive) as source:
        return restore(Disk(), given.state_dir, source, here, force=given.force)


def _check_nobody_runs(directory: Path) -> None:
    """Raise Refused where a run goes on without its daemon: its files must not move away."""
    runs = runs_directory(directory)
    alive = [path.name for path in runs.glob("*") if lockfile.is_held(path / "lock")]
    if alive:
        raise Refused(
            f"cannot restore {directory}: {', '.join(sorted(alive))} still runs",
            hint="pmrunnerctl start; then pmrunnerctl stop, which parks it",
        )


def _reading(archive: Path) -> contextlib.AbstractContextManager[IO[bytes]]:
    if str(archive) == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    return archive.open("rb")


VERBS: Final[dict[str, Callable[[argparse.Namespace], View]]] = {
    "backup": _backup,
    "repair": _repair,
    "restore": _restore,
    "verify": _verify,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what one verb says and return the exit status: 0, or 1 with an error said."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.offline", description=__doc__)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument("archive", nargs="?", type=Path, help="an archive, or - to read it")
    parser.add_argument("--env", default="", help="the environment, where it is known")
    parser.add_argument("--state-dir", type=Path, required=True, help="the state directory")
    parser.add_argument("--yes", action="store_true", help="change it; else only tell")
    parser.add_argument("--to", type=Path, help="where an archive goes")
    parser.add_argument(
        "--force", action="store_true", help="replace what is there, or another environment"
    )
    given = parser.parse_args(arguments)
    given.state_dir = given.state_dir.absolute()
    try:
        reply = VERBS[given.verb](given)
    except PmError as error:
        _complain(error.code, str(error), error.hint or "")
        return 1
    except OSError as error:
        code = Code.FORBIDDEN if isinstance(error, PermissionError) else Code.UNAVAILABLE
        where = error.filename or given.state_dir
        hint = f"ls -ld {given.state_dir}"
        _complain(code, f"cannot {given.verb} {where}: {error.strerror}", hint)
        return 1
    sys.stdout.write(msgspec.json.encode(reply).decode() + "\n")
    return 0


def _complain(code: Code, message: str, hint: str) -> None:
    said = {"code": code, "message": message, "hint": hint}
    sys.stderr.write(msgspec.json.encode(said).decode() + "\n")


if __name__ == "__main__":
    sys.exit(main())
