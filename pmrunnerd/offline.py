"""What can be done with a state directory without its daemon: `python -m pmrunnerd.offline VERB`.

One line of JSON on standard output is the reply, one on standard error is an error with its code;
where standard output is an archive, the reply is on standard error, too. `pmrunnerctl` is who calls it.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec.structs import replace

from pmrunnerd import __version__, accounted
from pmrunnerd.model.errors import (
    BadRequest,
    Code,
    Forbidden,
    NotFound,
    PmError,
    Refused,
    Unavailable,
)
from pmrunnerd.model.upkeep import Archived, BackedUp
from pmrunnerd.model.views import View
from pmrunnerd.options import configured_for, parse
from pmrunnerd.services import configfile
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.doctor import examine
from pmrunnerd.services.standpoint import closed
from pmrunnerd.store.archive import write_archive
from pmrunnerd.store.backup import Origin, backup
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import BadArchive, StoreFailed
from pmrunnerd.store.repair import repair
from pmrunnerd.store.restore import check, contents, restore
from pmrunnerd.store.verify import verify
from pmrunnerd.takeover import alive


def _verify(given: argparse.Namespace) -> View:
    if given.archive is None:
        return verify(Disk(), given.state_dir, at=Clock().now(), release=__version__)
    # To know whether it can be restored, it is: where nobody minds.
    with tempfile.TemporaryDirectory(prefix="pm-runner-") as scratch, _disk_errors(scratch):
        with _reading(given.archive) as source:
            found, commits = check(Disk(), source, Path(scratch), _here(given))
        return contents(found, commits)


@contextlib.contextmanager
def _disk_errors(scratch: str) -> Iterator[None]:
    try:
        yield
    except StoreFailed as error:
        hint = f"df -h {scratch}   or another place: TMPDIR=PATH"
        raise Unavailable(f"cannot look at the archive: {error}", hint=hint) from error


def _here(given: argparse.Namespace) -> Origin:
    return Origin(Clock().now(), __version__, given.env)


def _repair(given: argparse.Namespace) -> View:
    at = Clock().now()
    return repair(Disk(), given.state_dir, at=at, release=__version__, change=given.yes)


def _backup(given: argparse.Namespace) -> View:
    def make(out: IO[bytes]) -> Archived:
        return backup(Disk(), given.state_dir, out, _here(given))

    if given.archive is None:
        raise BadRequest("cannot back up: name the archive", hint="ARCHIVE, or - to print it")
    if given.archive == STREAM:
        return BackedUp.of(make(sys.stdout.buffer))
    return BackedUp.of(write_archive(Disk(), given.archive.absolute(), make, force=given.force))


def _restore(given: argparse.Namespace) -> View:
    if given.archive is None:
        raise BadRequest("cannot restore: name the archive", hint="ARCHIVE, or - to read it")
    _check_all_is_open(given.state_dir)
    _check_nobody_runs(given.state_dir)
    with _reading(given.archive) as source:
        return restore(Disk(), given.state_dir, source, _here(given), force=given.force)


def _check_all_is_open(directory: Path) -> None:
    """Raise Forbidden where what is there could not be moved out of the way."""
    if (shut := closed(directory)) is not None:
        raise Forbidden(
            f"cannot restore {directory}: you may not read and write {shut}",
            hint=f"ls -ld {shut}",
        )


def _check_nobody_runs(directory: Path) -> None:
    """Raise Refused where a run goes on without its daemon: its files must not move away."""
    if runs := alive(directory):
        raise Refused(
            f"cannot restore {directory}: {', '.join(runs)} still runs",
            hint="pmrunnerctl start; then pmrunnerctl stop, which parks it",
        )


def _doctor(given: argparse.Namespace) -> View:
    environment = ["--env", given.env] if given.env else []
    port = [] if given.port is None else ["--port", str(given.port)]
    words = [*environment, *port, "--state-dir", str(given.state_dir)]
    wrong: BadRequest | None = None
    try:
        options = parse(words, os.environ)
    except BadRequest as exc:
        # What is wrong with the file stands beside all else; with the rest of it nobody could look.
        options, wrong = parse([*words, "--config", os.devnull], os.environ), exc
    file = configured_for(options.environment)
    settings = options.settings
    if given.unconfined:
        settings = replace(settings, runs_unconfined=True)
    found = asyncio.run(
        examine(
            given.state_dir,
            socket=given.socket.absolute() if given.socket else options.socket,
            port=options.settings.web_port,
            settings=settings,
            told=given.daemon,
            uses=given.uses_claude,
            tries=given.try_claude,
            acp=given.try_acp,
        )
    )
    said = configfile.check(file, options.environment, options.settings, wrong)
    return found if said is None else replace(found, checks=(*found.checks, said))


def _reading(archive: Path) -> contextlib.AbstractContextManager[IO[bytes]]:
    if archive == STREAM:
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        return archive.open("rb")
    except FileNotFoundError:
        where = archive.absolute().parent
        raise NotFound(
            f"cannot read {archive}: there is no such file", hint=f"ls -ld {where}"
        ) from None


STREAM: Final = Path("-")
VERBS: Final[dict[str, Callable[[argparse.Namespace], View]]] = {
    "backup": _backup,
    "doctor": _doctor,
    "evidence-check": accounted.check,
    "evidence-write": accounted.write,
    "repair": _repair,
    "restore": _restore,
    "verify": _verify,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what one verb says and return the exit status: 0, or 1 with an error said."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.offline", description=__doc__)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument(
        "archive", nargs="?", type=Path, help="an archive, or - for standard input or output"
    )
    parser.add_argument("--env", default="", help="the environment, where it is known")
    parser.add_argument("--state-dir", type=Path, help="the state directory")
    parser.add_argument("--yes", action="store_true", help="change it; else only tell")
    parser.add_argument(
        "--force", action="store_true", help="replace what is there, or another environment"
    )
    parser.add_argument("--socket", type=Path, help="doctor: the control socket")
    parser.add_argument("--port", type=int, help="doctor: the port of the web door")
    parser.add_argument("--uses-claude", action="store_true", help="doctor: a project does")
    parser.add_argument("--try-acp", action="store_true", help="doctor: look at agent acp, too")
    parser.add_argument("--try-claude", action="store_true", help="doctor: make a request")
    parser.add_argument("--unconfined", action="store_true", help="doctor: that daemon accepts it")
    parser.add_argument("--daemon", type=int, help="doctor: the pid of the daemon that answers")
    accounted.add_options(parser)
    given = parser.parse_args(arguments)
    # What a daemon would log is in the reply, or in set-aside; standard error has one line of JSON.
    logging.getLogger().addHandler(logging.NullHandler())
    if given.state_dir is not None:
        given.state_dir = given.state_dir.absolute()
    elif given.verb not in accounted.VERBS and (given.verb != "verify" or given.archive is None):
        parser.error("the following arguments are required: --state-dir")
    try:
        reply = VERBS[given.verb](given)
    except PmError as error:
        is_damaged = isinstance(error, BadArchive)
        _complain(_code(error), str(error), error.hint or "", damaged=is_damaged)
        return 1
    except OSError as error:
        code = _code(error)
        where = error.filename or given.state_dir or given.directory
        hint = f"ls -ld {where}"
        deed = "back up" if given.verb == "backup" else given.verb
        _complain(code, f"cannot {deed} {where}: {error.strerror}", hint)
        return 1
    prints_it = given.verb == "backup" and given.archive == STREAM
    told = sys.stderr if prints_it else sys.stdout
    told.write(msgspec.json.encode(reply).decode() + "\n")
    return 0


def _code(error: BaseException) -> Code:
    """Return the code of an error; where all it comes from is that we may not, that is what it is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PermissionError):
            return Code.FORBIDDEN
        cause = cause.__cause__
    return error.code if isinstance(error, PmError) else Code.UNAVAILABLE


def _complain(code: Code, message: str, hint: str, *, damaged: bool = False) -> None:
    said = {"code": code, "message": message, "hint": hint, "damaged": damaged}
    sys.stderr.write(msgspec.json.encode(said).decode() + "\n")


if __name__ == "__main__":
    sys.exit(main())
