"""`state`: whether what a daemon remembers can be believed, and what to do where it cannot."""

from pathlib import Path
from typing import Final

import click

from pmrunnerctl import archives, offline
from pmrunnerctl.amounts import count, size
from pmrunnerctl.exits import Exit
from pmrunnerctl.offline import state_directory
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model.upkeep import Finding, Repaired, Verified

# More than this are counted, not shown; `--json` shows all.
SHOWN: Final = 20


@verb(
    "state verify",
    state_directory,
    summary="Check every line of a state's journal.",
    what="Changes nothing and needs no daemon; one that runs goes on meanwhile. Exit status 8 where"
    " something is damaged. Needs to read the state directory.",
    example="pmrunnerctl state verify --state-dir ./state",
    then="pmrunnerctl state repair",
)
def verify(session: Session, state_dir: Path | None) -> None:
    where = offline.directory(session, state_dir)
    found = offline.ask("verify", Verified, "--state-dir", str(where))
    session.show(found, lambda _: draw_verified(session.out, where, found))
    if not found.sound:
        session.end(Exit.ENDED_BADLY)


@verb(
    "state repair",
    state_directory,
    click.option("--yes", is_flag=True, help="Do it; without, it is only shown."),
    summary="Mend a damaged journal: set aside, never delete.",
    what="Only while no daemon has the state. What can be read and still follows stays; in the place"
    " of each other commit stands one that says so. Everything as it was is kept in set-aside/."
    " Killed in the middle, the same command finishes.",
    example="pmrunnerctl state repair --yes",
    then="pmrunnerctl start",
)
def repair(session: Session, state_dir: Path | None, *, yes: bool) -> None:
    where = offline.directory(session, state_dir)
    options = ["--yes"] if yes else []
    found = offline.ask("repair", Repaired, "--state-dir", str(where), *options)
    session.show(found, lambda _: draw_repaired(session.out, where, found))


state = Noun(
    "state",
    archives.backup,
    archives.restore,
    verify,
    repair,
    about="What a daemon remembers, as it lies on the disk.",
)


def draw_verified(screen: Screen, where: Path, found: Verified) -> None:
    """Write what a journal was found to be."""
    screen.line(f"{where} is {'sound' if found.sound else 'damaged'}")
    screen.pairs(
        [
            ("commits", str(found.commits)),
            ("journal", f"{size(found.bytes)} in {count(found.segments, 'segment')}"),
            ("torn", f"{size(found.torn)} at the end; the next start sets them aside")
            if found.torn
            else ("torn", ""),
        ]
    )
    draw_findings(screen, found.findings)
    if not found.sound:
        screen.next(f"pmrunnerctl state repair --state-dir {where}")


def draw_repaired(screen: Screen, where: Path, found: Repaired) -> None:
    """Write what a repair did, or would do."""
    if not found.findings:
        screen.line(f"{where} needs no repair: {count(found.commits, 'commit')} can be believed")
        return
    draw_findings(screen, found.findings)
    lost = f"{count(found.lost, 'commit')} of {found.commits}"
    if found.changed:
        screen.line(f"repaired: {lost} lost; everything as it was is in {found.kept}")
        screen.next("pmrunnerctl start")
        return
    screen.line(f"{lost} would be lost, the others stay; nothing was changed")
    screen.next(f"pmrunnerctl state repair --yes --state-dir {where}")


def draw_findings(screen: Screen, findings: tuple[Finding, ...]) -> None:
    """Write what is wrong, one a line, and what was said there."""
    for one in findings[:SHOWN]:
        line = f": line {one.line}" if one.line else ""
        said = f" ({'; '.join(one.said)})" if one.said else ""
        screen.line(f"{one.file}{line}: {one.why}{said}")
    if len(findings) > SHOWN:
        screen.line(f"and {len(findings) - SHOWN} more: --json shows all")
