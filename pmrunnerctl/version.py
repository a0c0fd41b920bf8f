"""`version`: which releases talk to each other here."""

from typing import Any

from pmrunnerctl.exits import Cannot
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd import __version__
from pmrunnerd.model import frames


@verb(
    "version",
    summary="Show the versions of this client and of the daemon.",
    what="A daemon that does not answer is no error here.",
    example="pmrunnerctl version",
)
def version(session: Session) -> None:
    hello: frames.Hello | None = None
    why = ""
    try:
        hello = session.client_of(session.place, patience=0).hello()
    except Cannot as exc:
        why = str(exc)
    found = {
        "client": __version__,
        "protocol": frames.VERSION,
        "daemon": hello.release if hello else None,
        "environment": hello.environment if hello else None,
        "problem": why or None,
    }

    def draw(_: Any) -> None:
        session.out.line(f"pmrunnerctl {__version__}, protocol {frames.VERSION}")
        session.out.line(f"pmrunnerd {hello.release} ({hello.environment})" if hello else why)

    session.show(found, draw)
