"""`state backup` and `state restore`: everything that a daemon remembers in one file, and back."""

import contextlib
import sys
import time
from pathlib import Path
from typing import IO, Final, TypeVar

import click
import msgspec

from pmrunnerctl import offline, regularly
from pmrunnerctl.amounts import count, size
from pmrunnerctl.dial import why
from pmrunnerctl.durably import free, written
from pmrunnerctl.exits import BY_CODE, Cannot, misused
from pmrunnerctl.offline import state_directory
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.transfer import Progress, fetch, send
from pmrunnerctl.verbs import Whole, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import code_of
from pmrunnerd.model.upkeep import BackedUp, Restored

R = TypeVar("R")

# Seconds between two looks whether the daemon is back.
BACK: Final = 0.1
STREAM: Final = Path("-")
# Names that are told of what is left out for one reason: each run may have a socket. `--json` has all.
FEW: Final = 3
_archive: Final = click.argument(
    "archive", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)
_place: Final = click.argument("archive", type=click.Path(allow_dash=True, path_type=Path))


@verb(
    "state backup",
    state_directory,
    _place,
    click.option("--force", is_flag=True, help="Replace an archive that is there."),
    click.option(
        "--keep",
        metavar="N",
        type=Whole(1, 10000),
        help="Into a directory, by its time; of those made so the latest N stay.",
    ),
    what="A gzip'd tar of journal, runs and set-aside, with a manifest; - is standard output. Secrets"
    " such as web.token are not in it; what is left out is listed. The daemon sends it to who may"
    " administer; where none answers, the state directory is read. With --keep, as the timer does it, the"
    " daemon is told how it went, and a failure waits in the inbox.",
    example="pmrunnerctl state backup pm-runner.tar.gz",
    then="pmrunnerctl state verify pm-runner.tar.gz",
)
def backup(
    session: Session, state_dir: Path | None, archive: Path, keep: int | None, *, force: bool
) -> None:
    if keep is not None:
        with regularly.told(session):
            _back_up(session, state_dir, regularly.name(session, archive), force=force)
            regularly.prune(session, archive, keep)
        return
    if archive.is_dir():
        raise misused(
            f"cannot write {archive}: it is a directory",
            hint=f"pmrunnerctl state backup --keep 7 {archive}",
        )
    _back_up(session, state_dir, archive, force=force)


def _back_up(session: Session, state_dir: Path | None, archive: Path, *, force: bool) -> None:
    if archive == STREAM:
        must_not_be_a_terminal(sys.stdout, "write an archive to", "backup - > pm-runner.tar.gz")
    place = offline.daemon(session, state_dir)
    with Progress(session.err, "backed up") as progress:
        if place is None:
            progress.working("backing up")
            to = archive if archive == STREAM else free(archive, force=force)
            found = _ask(session, state_dir, "backup", BackedUp, to, force=force)
        elif archive == STREAM:
            found = fetch(place, sys.stdout.buffer, progress)
            sys.stdout.buffer.flush()
        else:
            with written(archive, force=force) as file:
                found = fetch(place, file, progress)
    # Standard output may be the archive itself.
    told = session.err if archive == STREAM else session.out
    if session.json:
        told.raw(msgspec.json.encode(found).decode() + "\n")
    else:
        draw_backed_up(told, archive, found)


@verb(
    "state restore",
    state_directory,
    _archive,
    click.option("--force", is_flag=True, help="Take an archive of another environment, too."),
    what="The archive (- is standard input) is looked at whole before anything is changed. What was"
    " there goes to set-aside/, nothing is deleted; secrets stay. A daemon parks its runs and comes"
    " back on what was restored. Killed in the middle, its next start finishes it.",
    example="pmrunnerctl state restore pm-runner.tar.gz",
    then="pmrunnerctl status",
)
def restore(session: Session, state_dir: Path | None, archive: Path, *, force: bool) -> None:
    if archive == STREAM:
        must_not_be_a_terminal(sys.stdin, "read an archive from", "restore - < pm-runner.tar.gz")
    place = offline.daemon(session, state_dir)
    with Progress(session.err, "sent") as progress:
        if place is None:
            progress.working("looking at the archive")
            found = _ask(session, state_dir, "restore", Restored, archive, force=force)
        else:
            client = session.client_of(place, answer_within=None)
            before = client.call(p.Status()).started_at
            with _reading(archive) as source:
                found = send(client, source, progress, force=force)
            progress.working("waiting until its runs are parked and it is back")
            while client.call(p.Status()).started_at == before:
                time.sleep(BACK)
    session.show(found, lambda _: draw_restored(session.out, found, runs=place is not None))


def must_not_be_a_terminal(stream: IO[str], what: str, instead: str) -> None:
    """Refuse to wait for an archive that nobody can type, or to print one that nobody can read."""
    if stream.isatty():
        raise misused(f"cannot {what} a terminal", hint=f"pmrunnerctl state {instead}")


def _ask(  # noqa: PLR0913 - what is asked for, of what, and how
    session: Session,
    state_dir: Path | None,
    what: str,
    reply: type[R],
    archive: Path,
    *,
    force: bool,
) -> R:
    """Have it done to the state directory itself."""
    where = offline.directory(session, state_dir)
    environment = ["--env", session.env] if session.env else []
    options = ["--state-dir", str(where), *environment, *(["--force"] if force else [])]
    return offline.ask(what, reply, str(archive), *options, streams=archive == STREAM)


def _reading(archive: Path) -> contextlib.AbstractContextManager[IO[bytes]]:
    if archive == STREAM:
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        return archive.open("rb")
    except OSError as error:
        code = code_of(error)
        raise Cannot(
            f"cannot read {archive}: {why(error)}",
            exits=BY_CODE[code],
            code=code,
            hint=f"ls -ld {archive.absolute().parent}",
        ) from None


def draw_backed_up(screen: Screen, archive: Path, found: BackedUp) -> None:
    """Write what is in an archive and what is not."""
    screen.line(f"{archive}: {count(found.files, 'file')}, {size(found.bytes)} unpacked")
    left_out: dict[str, list[str]] = {}
    for one in found.excluded:
        left_out.setdefault(one.why, []).append(one.name)
    for why_not, names in left_out.items():
        for name in names[:FEW]:
            screen.line(f"not in it: {name} ({why_not})")
        if more := names[FEW:]:
            screen.line(f"not in it: {len(more)} more ({why_not})")


def draw_restored(screen: Screen, found: Restored, *, runs: bool) -> None:
    """Write what is there now, and where what was there is, if anything was."""
    screen.line(f"restored: {count(found.commits, 'commit')}, as backed up at {found.at}")
    if found.kept:
        screen.line(f"what was there before is in {found.kept}")
    screen.next("pmrunnerctl status" if runs else "pmrunnerctl start")
