"""What is durable, folded: the state it makes, where each commit lies, which requests it answered."""

from pathlib import Path

from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.failures import damaged
from pmrunnerd.store.history import History
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.requests import Requests
from pmrunnerd.store.segments import Place


class Past:
    """Grows by one durable commit at a time, in order, and never otherwise."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._requests = Requests()
        self.state = State()
        self.history = History(journal)

    def replay(self, *, at_least: int, aside: Path, at: str) -> None:
        """Take in the whole journal. Raises JournalDamaged naming file and line."""
        for batch, place in self._journal.replay(at_least=at_least, aside=aside, at=at):
            try:
                self.take_in(batch, place)
            except Exception as error:
                why = f"cannot be taken in: {error!s}"
                raise damaged(*self.history.where(batch.seq), why) from error

    def take_in(self, batch: Batch, place: Place) -> None:
        """Add a commit that is durable. What evolve raises here, it raised when it was tried."""
        self.history.add(batch, place)
        for fact in batch.facts:
            evolve(self.state, fact, batch.at)
        self.state.seq = batch.seq
        if batch.request:
            self._requests.add(batch.request, batch.seq)

    def find(self, request: str) -> Batch | None:
        """Return the commit that a request became, while it is remembered."""
        seq = self._requests.find(request)
        if seq is None:
            return None
        batch = self.history.one(seq)
        return batch if batch.request == request else None
