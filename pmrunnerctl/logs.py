"""`logs`: what the daemon itself said, also when it is dead."""

import click

from pmrunnerctl import launch, offline, watch
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerctl.tail import tail
from pmrunnerctl.verbs import verb

LOG = "pmrunnerd.log"


@verb(
    "logs",
    click.option("-f", "--follow", is_flag=True, help="Go on as more is said."),
    click.option("-n", "--lines", metavar="N", type=click.IntRange(min=0), default=50, help="(50)"),
    summary="Show what the daemon itself said.",
    what="From the journal where systemd runs it, else from pmrunnerd.log in its state directory,"
    " whether or not it is alive. One line an event: what people and agents said is not in it."
    " Ctrl-C ends the watching, not the daemon.",
    example="pmrunnerctl logs -f",
    then="pmrunnerctl doctor",
)
def logs(session: Session, *, follow: bool, lines: int) -> None:
    environment = session.env or session.place.environment
    unit = launch.unit(environment) if environment else None
    with watch.watching(session, work="the daemon goes on"):
        if unit:
            launch.journal(unit, lines=lines, follow=follow)
            return
        path = offline.directory(session, None) / LOG
        try:
            for line in tail(path, lines, follow=follow, wait=session.out.wait):
                text = line.decode(errors="replace")
                session.show({"line": text}, lambda said: session.out.line(said["line"]))
                session.out.flush()
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
