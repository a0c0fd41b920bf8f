"""`drain`: no more runs begin, and those under way come to their end."""

import click

from pmrunnerctl import watch
from pmrunnerctl.exits import Exit
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Overview


@verb(
    "drain",
    click.option("--end", is_flag=True, help="Let runs begin again."),
    click.option("--no-wait", is_flag=True, help="Do not wait for the runs under way."),
    what="Returns once no run is under way; Ctrl-C ends the waiting, not the drain. Messages and"
    " answers are accepted meanwhile, and their tasks wait. It lasts until --end, or until the"
    " daemon is stopped or restarted; a crash does not end it. Exit status 8 where somebody else"
    " ended it first.",
    example="pmrunnerctl drain",
    then="pmrunnerctl restart",
)
def drain(session: Session, *, end: bool, no_wait: bool) -> None:
    done = session.ask(p.Drain(end=end))
    if end:
        session.show(done, lambda _: _say(session, "runs begin again", "pmrunnerctl task list"))
        return
    found = session.ask(p.Status())
    if found.runs and not no_wait:
        with watch.watching(session, work="the drain goes on: pmrunnerctl drain --end"):
            found = _wait(session, found)
    session.show(done, lambda _: _say(session, *_how_far(found)))


def _wait(session: Session, found: Overview) -> Overview:
    """Return what there is once no run is under way."""
    session.note(f"no more runs begin; {_under_way(found.runs)}")
    for happening in session.stream(p.Events(since=found.durable, follow=True)):
        if any(isinstance(fact, ev.DrainEnded | ev.DaemonStopped) for fact in happening.facts):
            session.note("the drain was ended before that")
            session.end(Exit.ENDED_BADLY)
        if any(isinstance(fact, ev.RunEnded) for fact in happening.facts):
            found = session.ask(p.Status())
            if not found.runs:
                break
            session.note(_under_way(found.runs))
    return found


def _under_way(count: int) -> str:
    return "one run is under way" if count == 1 else f"{count} runs are under way"


def _how_far(found: Overview) -> tuple[str, str]:
    if found.runs:
        return f"no more runs begin; {_under_way(found.runs)}", "pmrunnerctl run list"
    return "drained: no run is under way, and none begins", "pmrunnerctl drain --end"


def _say(session: Session, line: str, then: str) -> None:
    session.out.line(line)
    session.out.next(then)
