"""What the end of a run means for its task, as facts of one commit."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from pmrunnerd.model import brief
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, Run, Task, TaskKind
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import (
    AnyProgress,
    Asked,
    Charged,
    Committed,
    Concluded,
    Finished,
    Found,
    Kept,
    Limited,
    Output,
    Proposed,
    PutBack,
    Told,
)
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Means
from pmrunnerd.model.state import State
from pmrunnerd.rules import drafting, limits
from pmrunnerd.rules.plans import with_consequences

_FINDINGS: Final = 20  # that are remembered


class Seen(Struct, kw_only=True):
    """What a run reported so far that matters at its end. `cursor` is how far that was read."""

    cursor: int = 0
    asked: list[Asked] = field(default_factory=list)
    commit: str = ""
    kept: str = ""
    also: tuple[str, ...] = ()
    aside: str = ""
    noted: str = ""
    proposed: Proposed | None = None
    result: str = ""
    limited: Limited | None = None
    dollars: float | None = None
    turns: int | None = None
    findings: tuple[str, ...] = ()
    restored: bool = False
    told: bool = False

    def look(self, cursor: int, progress: AnyProgress) -> None:
        """Take note of one report, after which the file is read up to `cursor`."""
        self.cursor = cursor
        match progress:
            case Asked():
                self.asked.append(progress)
            case Committed(commit=commit):
                self.commit = commit
            case Kept(ref=ref, aside=aside, also=also):
                self.kept, self.aside, self.also = ref, aside, also
            case Proposed():
                self.proposed = progress
            case Concluded(text=text):
                self.result, self.findings = brief.cut(text, brief.RESULT), ()
            case Limited():
                self.limited = progress
            case Charged(dollars=dollars, turns=turns):
                self.dollars, self.turns = dollars, turns
            case Found(findings=findings):
                self.findings = tuple(brief.cut(one, brief.FINDING) for one in findings[:_FINDINGS])
            case Output(stream="runner", text=text):
                noted = "; ".join(filter(None, (self.noted, text.strip())))
                self.noted = brief.cut(noted, brief.REASON)
            case _:
                self._look_back(progress)

    def _look_back(self, progress: AnyProgress) -> None:
        """Take note of what it knew of the runs before it."""
        match progress:
            case PutBack(there=there):
                self.restored = there
            case Told():
                self.told = True
            case _:
                pass


def gone(reason: str) -> Finished:
    """Stand in for the last report of a run host that could not make one."""
    return Finished(at="", outcome=Outcome.INTERRUPTED, reason=reason)


class Circumstances(Struct, frozen=True, kw_only=True):
    """`patience` is how many interruptions in a row a task may have.

    `parked` says that the daemon itself stopped the run, because it is stopping, or could not start it
    on a full disk: that is no interruption of the task's. `now` is when. `rounds` is how often what
    was proposed is sent back.
    """

    patience: int
    parked: bool = False
    rounds: int = Means().rounds
    now: str = ""


def told(state: State, run: Run, finished: Finished) -> Finished:
    """Return the last report of a run with the outcome that is recorded of it, or will be.

    The run host of one that somebody cancels only knows that it was to stop.
    """
    if run.ended is not None:
        return replace(finished, outcome=run.ended.outcome)
    task = state.task(run.task)
    # A plan is no work that is done: who cancels its making wants none of it to begin.
    undone = finished.outcome is not Outcome.SUCCEEDED or task.kind is TaskKind.PLANNING
    if task.cancelling and undone:
        return replace(finished, outcome=Outcome.CANCELLED)
    return finished


def ended(
    state: State, run: Run, finished: Finished, seen: Seen, given: Circumstances
) -> tuple[ev.AnyEvent, ...]:
    """Return the facts of a run's end."""
    finished = replace(finished, reason=brief.cut(finished.reason, brief.REASON))
    task = state.task(run.task)
    outcome = told(state, run, finished).outcome
    over = ev.RunEnded(
        run=run.id,
        project=run.project,
        outcome=outcome,
        cursor=seen.cursor,
        reason=finished.reason,
        status=finished.status,
        commit=seen.commit,
        kept=seen.kept,
        also=seen.also,
        aside=seen.aside,
        peak_memory=finished.peak_memory,
        cpu_seconds=finished.cpu_seconds,
        noted=seen.noted,
        dollars=seen.dollars,
        turns=seen.turns,
        findings=seen.findings,
        restored=seen.restored,
        told=seen.told,
    )
    name, project, reason = task.id, task.project, finished.reason
    if outcome is Outcome.LIMITED:
        return with_consequences(state, [over, *limits.met(state, run, seen.limited, given.now)])
    moved: ev.AnyEvent
    match outcome:
        case Outcome.SUCCEEDED if task.kind is TaskKind.PLANNING:
            made = drafting.concluded(state, task, run.id, seen.proposed, rounds=given.rounds)
            return with_consequences(state, [over, *made])
        case Outcome.SUCCEEDED:
            moved = _succeeded(task, seen)
        case Outcome.CANCELLED:
            moved = ev.TaskCancelled(task=name, project=project, by=task.cancelling)
        case Outcome.ASKED if seen.asked:
            questions = _questions(state, seen.asked)
            moved = ev.TaskAsked(task=name, project=project, run=run.id, questions=questions)
        case Outcome.HELD:
            moved = ev.TaskHeld(task=name, project=project, reason=reason)
        case Outcome.INTERRUPTED if given.parked or task.interruptions + 1 < given.patience:
            moved = ev.TaskInterrupted(
                task=name, project=project, reason=reason, parked=given.parked
            )
        case Outcome.INTERRUPTED:
            often = f"interrupted {given.patience} times in a row, at last: {reason}"
            moved = ev.TaskFailed(task=name, project=project, reason=often)
        case _:
            moved = ev.TaskFailed(task=name, project=project, reason=reason or outcome)
    return with_consequences(state, [over, moved])


def _succeeded(task: Task, seen: Seen) -> ev.AnyEvent:
    """Return what it means that a run did its work; of one that mended, its task looks at that first."""
    name, project = task.id, task.project
    if not task.kind.checks:
        return ev.TaskCompleted(task=name, project=project, commit=seen.commit, result=seen.result)
    if task.cancelling:
        return ev.TaskCancelled(task=name, project=project, by=task.cancelling)
    return ev.TaskMended(task=name, project=project)


def _questions(state: State, asked: Sequence[Asked]) -> tuple[ev.AskedQuestion, ...]:
    mint = Mint(state.minted)
    # Where the runner asks whether the work begins anew, so will what the agent asked before.
    own = [one for one in asked if one.kind is Kind.HEAD]
    return tuple(
        ev.AskedQuestion(
            question=mint("q"),
            text=one.text,
            options=one.options,
            kind=one.kind,
            details=one.details,
            multiple=one.multiple,
            about=one.about,
            key=one.key,
        )
        for one in own or asked
    )
