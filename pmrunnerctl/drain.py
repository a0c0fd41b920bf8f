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
        session.show(done, lambda _: _say_ended(session))
        return
    found = session.ask(p.Status())
    if found.runs and not no_wait:
        end_it = session.addressed("pmrunnerctl drain --end")
        with watch.watching(session, work=f"the drain goes on: {end_it}"):
            found = _wait(session, found)
    session.show(done, lambda _: _say(session, found.runs))


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


def _say(session: Session, runs: int) -> None:
    if runs:
        session.out.line(f"no more runs begin; {_under_way(runs)}")
        session.out.next("pmrunnerctl run list")
    else:
        session.out.line("drained: no run is under way, and none begins")
        session.out.next("pmrunnerctl drain --end")


def _say_ended(session: Session) -> None:
    session.out.line("runs begin again")
    session.out.next("pmrunnerctl task list")
