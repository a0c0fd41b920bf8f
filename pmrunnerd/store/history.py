"""The index behind the journal: which commits belong to a project's conversation, page by page.

Sixteen bytes a message: eight for its place, eight for its turn in the project. It is filled while
the journal is replayed; pages are read from the journal when somebody asks.
"""

from array import array
from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.places import Places
from pmrunnerd.store.segments import Place

# What people see in a conversation. What a run does meanwhile is in its own log.
CONVERSATION: Final[frozenset[type]] = frozenset(
    {
        ev.MessagePosted,
        ev.PlanDrafted,
        ev.PlanRefused,
        ev.PlanSubmitted,
        ev.PlanApproved,
        ev.PlanRejected,
        ev.PlanCompleted,
        ev.PlanFailed,
        ev.PlanCancelled,
        ev.TaskCompleted,
        ev.TaskFailed,
        ev.TaskInterrupted,
        ev.LeftoversKept,
        ev.TaskHeld,
        ev.TaskAsked,
        ev.QuestionAnswered,
        ev.TaskCancelled,
        ev.TaskRetried,
    }
)
_NOTHING: Final = array("Q")


class History:
    """Durable commits only, in order, from the first one on."""

    def __init__(self, journal: Journal) -> None:
        self._places = Places(journal)
        self._conversations: dict[str, array[int]] = {}

    def add(self, batch: Batch, place: Place) -> None:
        """Take in the next commit."""
        self._places.add(batch.seq, place)
        for fact in batch.facts:
            if type(fact) in CONVERSATION:
                seqs = self._conversations.setdefault(fact.project, array("Q"))  # type: ignore[union-attr]
                if not seqs or seqs[-1] != batch.seq:
                    seqs.append(batch.seq)

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

    def conversation(self, project: str, before: int | None, limit: int) -> list[Batch]:
        """Return the last `limit` commits of a conversation before one, or before now.

        Fewer if they are large; empty at the beginning.
        """
        seqs = self._conversations.get(project, _NOTHING)
        end = len(seqs) if before is None else bisect_left(seqs, before)
        latest_first = seqs[max(end - limit, 0) : end][::-1]
        return self._places.fetch(self._places.affordable(latest_first)[::-1])

    def conversation_since(self, project: str, since: int, limit: int) -> list[Batch]:
        """Return the first `limit` commits of a conversation after one, fewer if they are large."""
        seqs = self._conversations.get(project, _NOTHING)
        start = bisect_right(seqs, since)
        return self._places.fetch(self._places.affordable(seqs[start : start + limit]))
