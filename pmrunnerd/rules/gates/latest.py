"""Which gate run speaks for a content: the one that ended last, whatever it says; and which one went before it."""

from pmrunnerd.model.gates import GateRecord, Gating, GatingState
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules.gates import conduct


def latest(state: State, project: str, source: str) -> GateRecord | None:
    """Return the gate run of a project that ended last of those of one source digest.

    One that failed counts as one that passed: otherwise somebody could go on showing the better one.
    """
    ended = [
        gating.record
        for gating in state.gatings.values()
        if gating.project == project
        and gating.state is GatingState.ENDED
        and gating.record is not None
        and gating.record.source == source
        and not gating.preparing
    ]
    return max(ended, key=lambda one: (one.ended or 0.0, number(one.id)), default=None)


def good_before(state: State, gating: Gating) -> GateRecord | None:
    """Return the last gate run of all gates of its project that passed, of those asked for earlier."""
    good = [
        one.record
        for one in state.gatings.values()
        if one.project == gating.project
        and number(one.id) < number(gating.id)
        and one.record is not None
        and conduct.is_whole(one.record)
        and conduct.has_passed(one)
        and not one.preparing
    ]
    return max(good, key=lambda one: number(one.id), default=None)
