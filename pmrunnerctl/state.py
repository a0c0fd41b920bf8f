"""`state`: whether what a daemon remembers can be believed, and what to do where it cannot."""

from pathlib import Path
from typing import Final

import click

from pmrunnerctl import offline
from pmrunnerctl.exits import Exit
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model.upkeep import Archived, Finding, Repaired, Verified

# More than this are counted, not shown; `--json` shows all.
SHOWN: Final = 20
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_where: Final = click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The state directory (the daemon's, or ./state of the checkout).",
)


@verb(
    "state verify",
    _where,
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
    _where,
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


@verb(
    "state backup",
    _where,
    click.argument("archive", type=click.Path(dir_okay=False, path_type=Path)),
    click.option("--force", is_flag=True, help="Replace an archive that is there."),
    summary="Write one archive of a state, while its daemon runs too.",
    what="A gzip'd tar of journal, runs and set-aside, with a manifest. Secrets such as web.token are"
    " not in it; what is left out is listed. Needs to read the state directory. To use it: unpack it"
    " into an empty directory and start a daemon there.",
    example="pmrunnerctl state backup pm-runner.tar.gz",
    then="pmrunnerctl state verify",
)
def backup(session: Session, state_dir: Path | None, archive: Path, *, force: bool) -> None:
    where = offline.directory(session, state_dir)
    options = ["--state-dir", str(where), "--to", str(archive), *(["--force"] if force else [])]
    found = offline.ask("backup", Archived, *options)
    session.show(found, lambda _: draw_archived(session.out, archive, found))


state = Noun(
    "state", backup, verify, repair, about="What a daemon remembers, as it lies on the disk."
)


def draw_verified(screen: Screen, where: Path, found: Verified) -> None:
    """Write what a journal was found to be."""
    screen.line(f"{where} is {'sound' if found.sound else 'damaged'}")
    screen.pairs(
        [
            ("commits", str(found.commits)),
            ("journal", f"{size(found.bytes)} in {_count(found.segments, 'segment')}"),
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
        screen.line(f"{where} needs no repair: {_count(found.commits, 'commit')} can be believed")
        return
    draw_findings(screen, found.findings)
    lost = f"{_count(found.lost, 'commit')} of {found.commits}"
    if found.changed:
        screen.line(f"repaired: {lost} lost; everything as it was is in {found.kept}")
        screen.next("pmrunnerctl start")
        return
    screen.line(f"{lost} would be lost, the others stay; nothing was changed")
    screen.next(f"pmrunnerctl state repair --yes --state-dir {where}")


def draw_archived(screen: Screen, archive: Path, found: Archived) -> None:
    """Write what is in an archive and what is not."""
    screen.line(f"{archive}: {_count(len(found.members), 'file')}, {size(found.bytes)} unpacked")
    for one in found.excluded:
        screen.line(f"not in it: {one.name} ({one.why})")


def draw_findings(screen: Screen, findings: tuple[Finding, ...]) -> None:
    """Write what is wrong, one a line, and what was said there."""
    for one in findings[:SHOWN]:
        line = f": line {one.line}" if one.line else ""
        said = f" ({'; '.join(one.said)})" if one.said else ""
        screen.line(f"{one.file}{line}: {one.why}{said}")
    if len(findings) > SHOWN:
        screen.line(f"and {len(findings) - SHOWN} more: --json shows all")


def size(count: int) -> str:
    """Say a number of bytes as people do."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - what a KiB is
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} bytes"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
