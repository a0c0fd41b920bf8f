"""`notify test`: whether notifications arrive, seen by sending one."""

from pmrunnerctl.exits import Exit
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import NotifyTested


@verb(
    "notify test",
    what="Sends one the whole way that each takes: by a unit of its own, to what notify.webhook of the"
    " configuration names, with the same rules for addresses. What cannot be reached at once is tried"
    " for up to a minute. Of the URL only the host is shown: the rest is as good as a password. Exit"
    " status 8 where it was not taken.",
    example="pmrunnerctl notify test",
    then="pmrunnerctl doctor",
)
def test(session: Session) -> None:
    found = session.ask(p.NotifyTest())

    def say(done: NotifyTested) -> None:
        tries = f", at try {done.tries}" if done.tries > 1 else ""
        session.out.line(f"{done.said}{tries}")
        if done.hint:
            session.out.next(done.hint)

    session.show(found, say)
    if not found.delivered:
        session.end(Exit.ENDED_BADLY)


notify = Noun("notify", test, about="Notifications of what waits for a person.")
