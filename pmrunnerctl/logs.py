"""`logs`: what the daemon itself said, also when it is dead."""

from typing import Any

import click

from pmrunnerctl import complete, entry, launch, logline, offline, story, watch
from pmrunnerctl.exits import Cannot, Exit, Stranger
from pmrunnerctl.session import Session
from pmrunnerctl.tail import tail
from pmrunnerctl.verbs import Whole, verb
from pmrunnerctl.where import RUN
from pmrunnerd.model import protocol as p
from pmrunnerd.model.naming import ALIAS

LOG = "pmrunnerd.log"


@verb(
    "logs",
    click.option("-f", "--follow", is_flag=True, help="Go on as more is said."),
    click.option("-n", "--lines", metavar="N", type=Whole(min=0), default=50, help="(50)"),
    click.option(
        *("--task", "task"),
        metavar="TASK",
        callback=logline.is_a(logline.TASK, "t7"),
        shell_complete=complete.tasks,
        help="What a task, its runs and its questions came to.",
    ),
    click.option(
        *("--run", "run"),
        metavar="RUN",
        callback=logline.is_a(logline.RUN, "r8-4f2a"),
        shell_complete=complete.runs,
    ),
    click.option(
        *("--project", "project"),
        metavar="ALIAS",
        callback=logline.is_a(ALIAS, "cake"),
        shell_complete=complete.aliases,
    ),
    click.option(
        *("-p", "--priority", "level"),
        type=click.Choice(logline.LEVELS),
        help="This and what is worse.",
    ),
    click.option(
        "--since",
        metavar="TIME",
        callback=logline.moment,
        help="30min, 2h, 3days, or 2026-11-24T12:30 on the clock here.",
    ),
    summary="Show what the daemon itself said.",
    what="From the journal where systemd runs it, else from pmrunnerd.log in its state directory,"
    " whether or not it is alive. One line an event: what people and agents said is not in it."
    " In the journal, what run hosts say of a task, run or project is shown with it."
    " With --json each has at, priority, messageId, message and fields: the journal's PMRUNNER_ ones."
    " Ctrl-C ends the watching, not the daemon.",
    example="pmrunnerctl logs --task t7 -f",
    then="pmrunnerctl doctor",
)
def logs(session: Session, *, follow: bool, lines: int, **given: Any) -> None:
    wanted = logline.Wanted(**{name: value for name, value in given.items() if value})
    if wanted.run and "-" not in wanted.run:
        wanted = wanted._replace(run=session.ask(p.RunShow(run=wanted.run)).run.id)

    def show(text: str) -> None:
        session.show(entry.of_line(text), lambda said: session.out.line(said.line))
        session.out.flush()

    def show_entry(text: str) -> None:
        session.print_json(entry.of_journal(text))

    def show_told(text: str) -> None:
        session.out.line(story.text(text))
        session.out.flush()

    unit = _unit(session)
    with watch.watching(session, work="the daemon goes on"):
        if unit and wanted.names:
            told = show_entry if session.json else show_told
            found = story.show(unit, wanted.words(unit), lines=lines, follow=follow, say=told)
            _say_of_nothing(session, found)
            return
        if unit:
            each = show_entry if session.json else None
            launch.journal(unit, wanted.words(unit), lines=lines, follow=follow, each=each)
            return
        path = offline.directory(session, None) / LOG
        try:
            for line in tail(
                path,
                lines,
                follow=follow,
                wait=session.out.wait,
                wanted=wanted.matches if any(wanted) else None,
            ):
                show(line.decode(errors="replace"))
        except BrokenPipeError:
            raise
        except OSError as exc:
            missing = isinstance(exc, FileNotFoundError)
            raise Cannot(
                f"cannot show the log: {path}: {(exc.strerror or str(exc)).lower()}",
                exits=Exit.NOT_FOUND if missing else Exit.FORBIDDEN,
                code="not-found" if missing else "forbidden",
                hint="a daemon in the foreground says it where it runs"
                if missing
                else f"ls -l {path}",
            ) from None


def _say_of_nothing(session: Session, found: bool) -> None:  # noqa: FBT001 - what it is about
    if not found:
        session.note("the journal has nothing of that")


def _unit(session: Session) -> str | None:
    """Return the unit in whose journal the daemon's words are; None where they are in a file.

    systemd knows the unit of any name, also of one whose daemon somebody started by hand: as long
    as that one answers, it is asked.
    """
    place = session.place
    installed = place.socket.parent.name if place.socket.parent.parent == RUN else ""
    environment = session.env or place.environment or installed
    unit = launch.unit(environment) if environment else None
    if unit is None:
        return None
    try:
        overview = session.client_of(place, patience=0).call(p.Status())
    except Stranger:
        raise
    except Cannot:
        return unit
    return launch.unit_of(overview.environment, overview.pid)
