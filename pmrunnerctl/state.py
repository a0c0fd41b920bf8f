"""`state`: whether what a daemon remembers can be believed, and what to do where it cannot."""

import sys
from pathlib import Path
from typing import Final

import click

from pmrunnerctl import archives, offline
from pmrunnerctl.amounts import count, size
from pmrunnerctl.exits import Exit, misused
from pmrunnerctl.offline import state_directory
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.transfer import Progress
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model.upkeep import Contents, Finding, Held, Repaired, Verified

# More than this are counted, not shown; `--json` shows all.
SHOWN: Final = 20


@verb(
    "state verify",
    state_directory,
    click.argument(
        "archive",
        required=False,
        type=click.Path(allow_dash=True, path_type=Path),
        metavar="[ARCHIVE]",
    ),
    click.option(
        "--archive",
        "option",
        type=click.Path(allow_dash=True, path_type=Path),
        help="The same as ARCHIVE.",
    ),
    summary="Check a state's journal line by line, or whether an archive can be restored.",
    what="Of an ARCHIVE (- is standard input): whether it can be restored. Of a state: needs no"
    " daemon; one that runs goes on meanwhile. Changes nothing, but that it takes a wrong snapshot"
    " away where no daemon is: the next start makes it anew. Exit status 8 where something is"
    " damaged. Needs to read the state directory.",
    example="pmrunnerctl state verify --state-dir ./state",
    then="pmrunnerctl state repair",
)
def verify(
    session: Session, state_dir: Path | None, archive: Path | None, option: Path | None
) -> None:
    named = [path for path in (state_dir, archive, option) if path is not None]
    if len(named) > 1:
        raise misused(
            "cannot verify two things at once", hint=f"pmrunnerctl state verify {named[-1]}"
        )
    if state_dir is None and named:
        _verify_archive(session, named[0])
    else:
        _verify_state(session, state_dir)


def _verify_archive(session: Session, archive: Path) -> None:
    if archive.is_dir():
        raise misused(
            f"cannot verify {archive}: it is a directory, and no archive",
            hint=f"pmrunnerctl state verify --state-dir {archive}",
        )
    stream = archive == archives.STREAM
    if stream:
        archives.must_not_be_a_terminal(
            sys.stdin, "read an archive from", "verify - < pm-runner.tar.gz"
        )
    with Progress(session.err, "looked at") as progress:
        progress.working("looking")
        held = _look_at(archive, streams=stream)
    session.show(held, lambda _: draw_contents(session.out, archive, held))


def _look_at(archive: Path, *, streams: bool) -> Contents:
    try:
        return offline.ask("verify", Contents, str(archive), streams=streams)
    except offline.Damaged as exc:
        # To find that out is what was asked for.
        exc.exits = Exit.ENDED_BADLY
        raise


def _verify_state(session: Session, state_dir: Path | None) -> None:
    with Progress(session.err, "looked at") as progress:
        progress.working("looking")
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
    " Killed in the middle, the same command finishes. What may have been done already, because what"
    " became of it is lost, is listed and not begun again unless you say so.",
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
    if found.caches and not found.findings:
        screen.line(f"the journal of {where} is sound; what was made from it is not:")
    else:
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
    draw_findings(screen, found.caches)
    if found.retracted:
        screen.line("nothing is lost by that: the next start makes snapshot and history anew")
    elif found.caches:
        screen.line("nothing is lost by that; once no daemon runs, verify has them made anew")
        screen.next(f"pmrunnerctl stop; then pmrunnerctl state verify --state-dir {where}")
    if found.findings:
        screen.next(f"pmrunnerctl state repair --state-dir {where}")


def draw_contents(screen: Screen, archive: Path, found: Contents) -> None:
    """Write what an archive holds, which is whole."""
    is_stream = archive == archives.STREAM
    screen.line(f"{'standard input' if is_stream else archive} can be restored")
    screen.pairs(
        [
            ("commits", str(found.commits)),
            ("files", f"{found.files}, {size(found.bytes)} unpacked"),
            ("from", f"{found.environment or 'an environment without a name'}, {found.release}"),
            ("made", screen.when(found.at)),
        ]
    )
    screen.next(f"pmrunnerctl state restore {'- < ARCHIVE' if is_stream else archive}")


def draw_repaired(screen: Screen, where: Path, found: Repaired) -> None:
    """Write what a repair did, or would do."""
    if not found.findings:
        screen.line(f"{where} needs no repair: {count(found.commits, 'commit')} can be believed")
        return
    draw_findings(screen, found.findings)
    lost = f"{count(found.lost, 'commit')} of {found.commits}"
    if found.changed:
        screen.line(f"repaired: {lost} lost; everything as it was is in {found.kept}")
    else:
        others = ", the others stay" if found.lost < found.commits else ""
        screen.line(f"{lost} would be lost{others}; nothing was changed")
    draw_held(screen, found)
    if found.changed:
        screen.next("pmrunnerctl start")
    else:
        screen.next(f"pmrunnerctl state repair --yes --state-dir {where}")


def draw_held(screen: Screen, found: Repaired) -> None:
    """Write what is not begun again by itself, with the command that has it done again."""
    if not found.held:
        return
    how = "is" if found.changed else "would be"
    screen.line(f"what may have been done already {how} not begun again, unless you say so:")
    screen.table(
        ("", "PROJECT", "WHAT", "TO HAVE IT DONE AGAIN"),
        [(one.id, one.alias, one.text, _again(screen, one)) for one in found.held],
        stretch=2,
    )


def _again(screen: Screen, held: Held) -> str:
    if held.id.startswith("t"):
        return screen.addressed(f"pmrunnerctl task retry {held.id}")
    return screen.addressed(f"pmrunnerctl chat send {held.alias} TEXT")


def draw_findings(screen: Screen, findings: tuple[Finding, ...]) -> None:
    """Write what is wrong, one a line, and what was said there."""
    for one in findings[:SHOWN]:
        line = f": line {one.line}" if one.line else ""
        said = f" ({'; '.join(one.said)})" if one.said else ""
        screen.line(f"{one.file}{line}: {one.why}{said}")
    if len(findings) > SHOWN:
        screen.line(f"and {len(findings) - SHOWN} more: --json shows all")
