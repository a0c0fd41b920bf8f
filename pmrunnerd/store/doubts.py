"""What the commits that a repair loses may have told of: collected as they are lost, weighed at the end."""

from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.model.upkeep import Held
from pmrunnerd.rules import doubt
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.store.batch import KNOWN
from pmrunnerd.store.hearsay import identifiers, kinds

# As much as people are shown of what is held, in characters.
SHOWN: Final = 60


class Doubts:
    """Told of each line that is lost, with the state as it was before; then knows what to hold."""

    def __init__(self) -> None:
        self._named: set[str] = set()
        self._begun: set[str] = set()

    def lose(self, raw: bytes, state: State) -> None:
        """Take note of a line that is lost, or of its beginning; it may be empty."""
        said, names = kinds(raw), identifiers(raw)
        lost = ev.CommitLost(reason="", minted=names)
        state.written(lambda counting: evolve(counting, lost, ""))
        self._named.update(names)
        if "run-started" in said:
            self._begun.update(names)
        if not said or not KNOWN.issuperset(said) or not raw.endswith(b"\n"):
            # Who knows what it said; it may have been any of those that waited.
            self._named |= doubt.waiting(state)

    def facts(self, state: State) -> tuple[ev.AnyEvent, ...]:
        """Return what to record at the end, so that none of it is done again by itself."""
        return doubt.hold(state, self._named, self._begun)


def held(state: State, facts: tuple[ev.AnyEvent, ...]) -> tuple[Held, ...]:
    """Return what is held by some facts, as people are shown it."""
    return tuple(one for fact in facts for one in _held(state, fact))


def _held(state: State, fact: ev.AnyEvent) -> tuple[Held, ...]:
    match fact:
        case ev.PlanRefused(message=name, project=project):
            text = state.messages[name].text
        case (
            ev.TaskCancelled(task=name, project=project)
            | ev.TaskCancelRequested(task=name, project=project)
        ):
            text = state.tasks[name].title
        case _:
            return ()
    first = text.strip().partition("\n")[0][:SHOWN]
    return (Held(id=name, alias=state.projects[project].alias, text=first),)
