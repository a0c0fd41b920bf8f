"""`state backup` and `state restore`: everything that a daemon remembers in one file, and back."""

import sys
from pathlib import Path
from typing import Final

import click

from pmrunnerctl import offline
from pmrunnerctl.amounts import count, size
from pmrunnerctl.exits import misused
from pmrunnerctl.offline import state_directory
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model.upkeep import Archived, Restored

STREAM: Final = Path("-")
_archive: Final = click.argument(
    "archive", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)


@verb(
    "state backup",
    state_directory,
    _archive,
    click.option("--force", is_flag=True, help="Replace an archive that is there."),
    summary="Write one archive of a state, while its daemon runs too.",
    what="A gzip'd tar of journal, runs and set-aside, with a manifest. Secrets such as web.token are"
    " not in it; what is left out is listed. Needs to read the state directory.",
    example="pmrunnerctl state backup pm-runner.tar.gz",
    then="pmrunnerctl state restore pm-runner.tar.gz",
)
def backup(session: Session, state_dir: Path | None, archive: Path, *, force: bool) -> None:
    where = offline.directory(session, state_dir)
    options = ["--state-dir", str(where), "--to", str(archive), *(["--force"] if force else [])]
    found = offline.ask("backup", Archived, *options)
    session.show(found, lambda _: draw_archived(session.out, archive, found))


@verb(
    "state restore",
    state_directory,
    _archive,
    click.option("--force", is_flag=True, help="Take an archive of another environment, too."),
    summary="Have the state of an archive take the place of the present one.",
    what="The archive is looked at whole before anything is changed. What was there goes to"
    " set-aside/, nothing is deleted; secrets stay. Killed in the middle, the next start of the daemon"
    " finishes it. Only while no daemon has the state.",
    example="pmrunnerctl state restore pm-runner.tar.gz",
    then="pmrunnerctl start",
)
def restore(session: Session, state_dir: Path | None, archive: Path, *, force: bool) -> None:
    _check_readable(archive)
    where = offline.directory(session, state_dir)
    options = ["--state-dir", str(where), *(["--force"] if force else [])]
    if session.env:
        options += ["--env", session.env]
    found = offline.ask("restore", Restored, str(archive), *options)
    session.show(found, lambda _: draw_restored(session.out, where, found))


def _check_readable(archive: Path) -> None:
    if archive == STREAM and sys.stdin.isatty():
        raise misused(
            "cannot read an archive from a terminal",
            hint="pmrunnerctl state restore - < pm-runner.tar.gz",
        )


def draw_archived(screen: Screen, archive: Path, found: Archived) -> None:
    """Write what is in an archive and what is not."""
    screen.line(f"{archive}: {count(len(found.members), 'file')}, {size(found.bytes)} unpacked")
    for one in found.excluded:
        screen.line(f"not in it: {one.name} ({one.why})")


def draw_restored(screen: Screen, where: Path, found: Restored) -> None:
    """Write what is there now, and where what was there is."""
    screen.line(f"{where}: {count(found.commits, 'commit')}, as backed up at {found.at}")
    screen.line(f"what was there before is in {found.kept}")
    screen.next("pmrunnerctl start")
