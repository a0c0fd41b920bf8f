"""What a daemon that has just opened a state owes to the one before it.

Recovery starts nothing. It records what became of things while nobody looked, so that the one
loop finds them eligible; runs are looked after by the loop itself, which follows each of them from
its recorded cursor. Settling twice adds nothing.
"""

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.rules import plans


def settle(state: State) -> list[ev.AnyEvent]:
    """Return the facts to record before anything new may begin."""
    return [fact for plan in state.plans.values() for fact in plans.settle(state, plan)]
