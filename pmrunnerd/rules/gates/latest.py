"""Which gate run speaks for a content: the one that ended last, whatever it says."""

from pmrunnerd.model.gates import GateRecord, GatingState
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State


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
