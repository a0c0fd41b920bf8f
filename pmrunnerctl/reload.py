"""`reload`: the daemon reads its configuration again."""

from typing import Any

from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model import protocol as p


@verb(
    "reload",
    what="What can be used at once is used from now on: slots, limits, what is kept, the agents'"
    " settings. What cannot is told, and used after a restart. Where a key is wrong, it is named and"
    " nothing changes. The daemon also notices by itself that its file was written.",
    example="pmrunnerctl reload",
    then="pmrunnerctl status",
)
def reload(session: Session) -> None:
    done = session.ask(p.Reload())

    def say(_: Any) -> None:
        out = session.out
        out.line(f"used from now on: {', '.join(done.used)}" if done.used else "nothing to change")
        if done.restart:
            out.line(f"restart needed for {', '.join(done.restart)}")
            out.next(session.addressed("pmrunnerctl restart"))

    session.show(done, say)
