"""`logs`: what the daemon itself said, also when it is dead."""

import click

from pmrunnerctl import launch, offline, watch
from pmrunnerctl.exits import Cannot, Exit, Stranger
from pmrunnerctl.session import Session
from pmrunnerctl.tail import tail
from pmrunnerctl.verbs import Whole, verb
from pmrunnerctl.where import RUN
from pmrunnerd.model import protocol as p

LOG = "pmrunnerd.log"


@verb(
    "logs",
    click.option("-f", "--follow", is_flag=True, help="Go on as more is said."),
    click.option("-n", "--lines", metavar="N", type=Whole(min=0), default=50, help="(50)"),
    summary="Show what the daemon itself said.",
    what="From the journal where systemd runs it, else from pmrunnerd.log in its state directory,"
    " whether or not it is alive. One line an event: what people and agents said is not in it."
    " Ctrl-C ends the watching, not the daemon.",
    example="pmrunnerctl logs -f",
    then="pmrunnerctl doctor",
)
def logs(session: Session, *, follow: bool, lines: int) -> None:
    def show(text: str) -> None:
        session.show({"line": text}, lambda said: session.out.line(said["line"]))
        session.out.flush()

    unit = _unit(session)
    with watch.watching(session, work="the daemon goes on"):
        if unit:
            each = show if session.json else None
            launch.journal(unit, lines=lines, follow=follow, each=each)
            return
        path = offline.directory(session, None) / LOG
        try:
            for line in tail(path, lines, follow=follow, wait=session.out.wait):
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
