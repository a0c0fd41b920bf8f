"""Which runs may lose their files: oldest first, never one that somebody may still go on with.

Facts are kept for ever; a transcript is bulk. Asking again after what was said was done says nothing.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import groupby
from typing import Final

from msgspec import Struct

from pmrunnerd.model.entities import Task, TaskState
from pmrunnerd.model.quantities import size, span
from pmrunnerd.model.state import State
from pmrunnerd.rules import closing, handover
from pmrunnerd.rules.drafting import is_gone_on_with
from pmrunnerd.rules.plans import UNDER_WAY, can_go_on

DAY: Final = 86400.0


class Limits(Struct, frozen=True, kw_only=True):
    """What may be kept: `age` in seconds since a run ended, `size` in bytes of all runs together.

    The `latest` runs of each project stay, however old and large they are.
    """

    age: float
    size: int
    latest: int


class Files(Struct, frozen=True, kw_only=True):
    """The files of one run: whose they are, their bytes, and seconds since they last changed.

    `in_tree`: what it left lies in its workspace yet, and becomes a reference when the next run
    begins there.
    """

    run: str
    project: str
    size: int
    age: float
    in_tree: bool = False


class Prune(Struct, frozen=True, kw_only=True):
    """Files that may go, their bytes, seconds since they last changed, and why."""

    run: str
    size: int
    age: float
    reason: str


def prunable(state: State, files: Sequence[Files], limits: Limits) -> Iterator[Prune]:
    """Yield whose files may go, in the order in which they should.

    Whether a run is needed is looked at when it is its turn: that may be a look at the disk, and
    those that are within the limits are not looked at.
    """
    spared = _latest(files, limits.latest)
    spared |= {one.run for one in files if one.in_tree}
    oldest_first = (one for one in sorted(files, key=_oldest) if one.run not in spared)
    free = (one for one in oldest_first if not needed(state, one.run))
    return _beyond(free, sum(one.size for one in files), limits)


def needed(state: State, identifier: str) -> str:
    """Say why a run must keep its files whatever the limits are; empty if it need not.

    A run that the state does not hold any more is over, and so is all that hung on it.
    """
    run = state.runs.get(identifier)
    if run is None:
        return ""
    if run.ended is None:
        return "it is under way"
    task = state.tasks[run.task]
    for question in state.open_questions(task):
        if question.run == run.id:
            return f"question {question.id} of it is open"
    if run.id not in handover.gone_on_from(state, task):
        return ""
    return _goes_on(state, task)


def _goes_on(state: State, task: Task) -> str:
    if task.state in (*UNDER_WAY, TaskState.QUEUED) or can_go_on(state, task):
        return f"task {task.id} can go on from it: it is {task.state}"
    if is_gone_on_with(state, task):
        return f"plan {task.plan} may be made anew in its session"
    if closing.is_gone_on_with(state, task):
        return f"what is found in the work of plan {task.plan} may be mended in its session"
    return ""


def _latest(files: Sequence[Files], count: int) -> Set[str]:
    """Return the latest runs of each project; what is pruned is never one of them."""
    by_project = sorted(files, key=lambda one: (one.project, one.age, one.run))
    return {
        one.run
        for _, runs in groupby(by_project, key=lambda one: one.project)
        for one in list(runs)[:count]
    }


def _beyond(free: Iterable[Files], total: int, limits: Limits) -> Iterator[Prune]:
    left = total
    for one in free:
        if one.age > limits.age:
            reason = (
                f"it changed last {span(one.age)} ago, and files are kept for {span(limits.age)}"
            )
        elif left > limits.size:
            reason = f"all runs together have {size(left)}, and {size(limits.size)} are kept"
        else:
            return
        left -= one.size
        yield Prune(run=one.run, size=one.size, age=one.age, reason=reason)


def _oldest(one: Files) -> tuple[float, str]:
    return (-one.age, one.run)
