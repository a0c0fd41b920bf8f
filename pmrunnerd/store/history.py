"""The index behind the journal: which commits make a project's conversation, what belongs where.

Every column of `history/` is filled here, from each commit that is durable. Pages are read from the
journal when somebody asks; what is listed (plans, tasks, runs) is listed latest first.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.column import Column
from pmrunnerd.store.index import Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.places import Places
from pmrunnerd.store.segments import Extent, Place

# What people see in a conversation. What a run does meanwhile is in its own log.
CONVERSATION: Final[frozenset[type]] = frozenset(
    {
        ev.MessagePosted,
        ev.PlanDrafted,
        ev.PlanBegun,
        ev.PlanProposed,
        ev.PlanEdited,
        ev.PlanRefused,
        ev.PlanSubmitted,
        ev.PlanApproved,
        ev.PlanRejected,
        ev.PlanCompleted,
        ev.PlanFailed,
        ev.PlanCancelled,
        ev.TaskCompleted,
        ev.TaskFailed,
        ev.TaskSentBack,
        ev.TaskInterrupted,
        ev.TaskLimited,
        ev.LeftoversKept,
        ev.TaskHeld,
        ev.TaskAsked,
        ev.QuestionAnswered,
        ev.TaskCancelled,
        ev.TaskRetried,
        ev.PromotionRequested,
        ev.PromotionOpened,
        ev.PromotionConfirmed,
        ev.PromotionReturned,
        ev.PromotionRefused,
        ev.PromotionFailed,
    }
)


class History:
    """Durable commits only, in order, from the first one on."""

    def __init__(self, journal: Journal, index: Index, segments: Sequence[Extent] = ()) -> None:
        self._index = index
        self._places = Places(journal, index, segments)
        self._conversations: dict[str, Column] = {}

    def add(self, batch: Batch, place: Place, state: State) -> None:
        """Take in the next commit; `state` has taken it in before."""
        seq = batch.seq
        self._places.add(seq, place)
        for fact in batch.facts:
            # What is of no project, such as a rollback where the runner itself is none, has nobody to hear it.
            if type(fact) in CONVERSATION and (project := fact.project):  # type: ignore[union-attr]
                self._conversation(project).add(seq)
            if (note := _NOTES.get(type(fact))) is not None:
                note(self._index, fact, seq, state)

    def _conversation(self, project: str) -> Column:
        """Return the column of a conversation; known by the project, since every commit asks."""
        found = self._conversations.get(project)
        if found is None:
            found = self._conversations[project] = self._index.column(f"conversation-{project}")
        return found

    # Commits

    def read(self, since: int, limit: int) -> list[Batch]:
        """Return commits after one, at most `limit`, fewer if they are large; empty at the end."""
        start = max(since, 0)
        seqs = range(start + 1, min(start + limit, len(self._places)) + 1)
        return self._places.fetch(self._places.affordable(seqs))

    def one(self, seq: int) -> Batch:
        """Return one commit."""
        return self._places.fetch([seq])[0]

    def where(self, seq: int) -> tuple[Path, int]:
        """Return the file and the line of a commit."""
        return self._places.where(seq)

    def where_next(self, place: Place) -> tuple[Path, int]:
        """Return the file and the line of the commit that would be taken in next."""
        return self._places.where_next(place)

    def segments(self) -> list[tuple[int, int]]:
        """Return of each segment its first commit and its bytes so far."""
        return self._places.segments()

    # Conversations

    def conversation(self, project: str, before: int | None, limit: int) -> list[Batch]:
        """Return the last `limit` commits of a conversation before one, or before now.

        Fewer if they are large; empty at the beginning.
        """
        seqs = self._conversation(project)
        end = len(seqs) if before is None else seqs.before(before)
        latest_first = seqs.read(end - limit, end)[::-1]
        return self._places.fetch(self._places.affordable(latest_first)[::-1])

    def conversation_since(self, project: str, since: int, limit: int) -> list[Batch]:
        """Return the first `limit` commits of a conversation after one, fewer if they are large."""
        seqs = self._conversation(project)
        start = seqs.up_to(since)
        return self._places.fetch(self._places.affordable(seqs.read(start, start + limit)))

    def message(self, name: str) -> ev.MessagePosted | None:
        """Return what somebody said, however long ago."""
        count = number(name)
        seq = self._index.get("messages", count)
        if not seq:
            return None
        for fact in self.one(seq).facts:
            if isinstance(fact, ev.MessagePosted) and number(fact.message) == count:
                return fact if fact.message == name else None
        raise self._index.damaged(f"cannot find message {name}: commit {seq} is not it")

    def pruned(self, run: str) -> tuple[str, ev.RunPruned] | None:
        """Return when and why the files of a run were let go; None where they were not."""
        seq = self._index.get("pruned", number(run))
        if not seq:
            return None
        batch = self.one(seq)
        for fact in batch.facts:
            if isinstance(fact, ev.RunPruned) and number(fact.run) == number(run):
                return (batch.at, fact) if fact.run == run else None
        raise self._index.damaged(
            f"cannot tell whether run {run} was pruned: commit {seq} is not it"
        )


def _message(index: Index, fact: ev.MessagePosted, seq: int, _: State) -> None:
    index.column("messages").put(number(fact.message), seq)


def _plan(index: Index, fact: ev.PlanDrafted | ev.PlanRefused, _: int, __: State) -> None:
    index.column(f"plans-{fact.project}").append(number(fact.plan))
    if isinstance(fact, ev.PlanDrafted):
        _own(index, fact, fact.tasks)


def _begin(index: Index, fact: ev.PlanBegun, _: int, __: State) -> None:
    index.column(f"plans-{fact.project}").append(number(fact.plan))
    _own(index, fact, (fact.planner,))


def _tasks(index: Index, fact: ev.PlanProposed | ev.PlanEdited, _: int, __: State) -> None:
    _own(index, fact, fact.tasks)


def _own(
    index: Index,
    fact: ev.PlanDrafted | ev.PlanBegun | ev.PlanProposed | ev.PlanEdited,
    tasks: Sequence[ev.PlannedTask],
) -> None:
    """Take note of which plan, and which project, tasks belong to."""
    for task in tasks:
        index.column("tasks").put(number(task.task), number(fact.plan))
        index.column(f"tasks-{fact.project}").append(number(task.task))


def _run(index: Index, fact: ev.RunStarted, _: int, state: State) -> None:
    run = number(fact.run)
    index.column("runs").put(run, number(state.tasks[fact.task].plan))
    index.column(f"runs-{fact.project}").append(run)


def _questions(index: Index, fact: ev.TaskAsked, _: int, state: State) -> None:
    plan = number(state.tasks[fact.task].plan)
    for asked in fact.questions:
        index.column("questions").put(number(asked.question), plan)


def _prune(index: Index, fact: ev.RunPruned, seq: int, _: State) -> None:
    index.column("pruned").put(number(fact.run), seq)


_NOTES: Final[Mapping[type, Callable[[Index, Any, int, State], None]]] = {
    ev.MessagePosted: _message,
    ev.PlanDrafted: _plan,
    ev.PlanBegun: _begin,
    ev.PlanProposed: _tasks,
    ev.PlanEdited: _tasks,
    ev.PlanRefused: _plan,
    ev.RunStarted: _run,
    ev.TaskAsked: _questions,
    ev.RunPruned: _prune,
}
