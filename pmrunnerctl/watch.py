"""Follows what goes on, and lets Ctrl-C end the watching and never the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pmrunnerctl import conversation, waiting
from pmrunnerctl.exits import Exit
from pmrunnerctl.session import Session
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Entry, Happening

PAGE: Final = 100
# Facts of a project that say nothing in its conversation.
_PLANNED: Final = (ev.PlanDrafted, ev.PlanBegun)
_SILENT: Final = (ev.RunStarted, ev.RunBegan, ev.RunEnded)


@contextmanager
def watching(session: Session, *, work: str = "the work goes on") -> Iterator[None]:
    """Let Ctrl-C stop the watching: one line, and a status that says so."""
    try:
        yield
    except KeyboardInterrupt:
        session.note(f"\nstopped watching; {work}")
        session.end(Exit.INTERRUPTED)


class Verdict:
    """Learns from facts what became of a message: its plan, and how that ended or why it waits.

    `exits` is None as long as work goes on.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        self._tasks: frozenset[str] = frozenset()
        self.plan = ""
        self.exits: Exit | None = None

    def learn(self, happening: Happening) -> None:
        """Take in the facts of one commit."""
        for fact in happening.facts:
            self._learn(fact)

    def _learn(self, fact: ev.AnyEvent) -> None:
        match fact:
            case ev.PlanDrafted(message=self._message, plan=plan, tasks=tasks):
                self._follow(plan, *tasks)
            case ev.PlanBegun(message=self._message, plan=plan, planner=planner):
                # Of one that takes the place of another, too: work goes on.
                self._follow(plan, planner)
            case (
                ev.PlanProposed(plan=self.plan, tasks=tasks)
                | ev.PlanEdited(plan=self.plan, tasks=tasks)
            ):
                self._tasks |= {task.task for task in tasks}
            case ev.PlanRefused(message=self._message):
                self.exits = Exit.ENDED_BADLY
            case ev.TaskAsked(task=task) if task in self._tasks:
                self.exits = Exit.NEEDS_YOU
            case ev.TaskHeld() if self.plan:
                # Whichever task it is: it has the workspace, and all others wait for it.
                self.exits = Exit.NEEDS_YOU
            case _ if getattr(fact, "plan", "") == self.plan:
                self.exits = _ENDS.get(type(fact), self.exits)

    def _follow(self, plan: str, *tasks: ev.PlannedTask) -> None:
        self.plan, self.exits = plan, None
        self._tasks = frozenset(task.task for task in tasks)


_ENDS: Final = {
    ev.PlanSubmitted: Exit.NEEDS_YOU,
    ev.PlanCompleted: Exit.OK,
    **dict.fromkeys((ev.PlanFailed, ev.PlanRejected, ev.PlanCancelled), Exit.ENDED_BADLY),
}


def follow_message(session: Session, *, project: str, message: str, since: int) -> Exit:
    """Print the conversation until the message's plan ends or needs a person; say how it went.

    Facts say when, because each is told once and in order; the conversation says what.
    """
    verdict, heard, shown = Verdict(message), since, since
    waits = waiting.Waiting(session)

    def idle() -> None:
        if verdict.plan and waits.look(verdict.plan):
            session.end(Exit.NEEDS_YOU)

    with watching(session):
        for happening in session.stream(p.Events(project=project, since=since, follow=True), idle):
            verdict.learn(happening)
            if happening.cursor <= heard:  # after a restore numbers are given again
                shown = min(shown, happening.cursor - 1)
            heard = happening.cursor
            if not all(isinstance(fact, _SILENT) for fact in happening.facts):
                shown = _print_after(session, project, shown)
            if verdict.exits is not None:
                return verdict.exits
            if any(isinstance(fact, ev.TaskLimited) for fact in happening.facts):
                idle()  # whichever task it is: they are all of one agent
            if any(isinstance(fact, _PLANNED) for fact in happening.facts) and (
                held := _held(session, project)
            ):
                inbox = session.addressed("pmrunnerctl inbox")
                session.note(f"it waits for task {held}, which is held back: {inbox}")
                return Exit.NEEDS_YOU
    return Exit.ENDED_BADLY


def _held(session: Session, project: str) -> str:
    """Return a task that was held back before ours was planned; nothing of its project runs."""
    items = session.ask(p.Inbox(project=project)).items
    return next((item.id for item in items if item.kind == "held"), "")


def _print_after(session: Session, project: str, cursor: int) -> int:
    fresh: list[Entry] = []
    before = None
    while True:
        page = session.ask(p.ChatHistory(project=project, before=before, limit=PAGE))
        found = [entry for entry in page.entries if entry.cursor > cursor]
        fresh = [*found, *fresh]
        before = page.before
        if before is None or len(found) < len(page.entries):
            break
    for entry in fresh:
        session.show(entry, lambda shown: conversation.draw(session.out, shown))
    session.out.flush()
    return max([cursor, *(entry.cursor for entry in fresh)])
