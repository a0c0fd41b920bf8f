"""Which gate runs wait in the inbox: they have not passed, nobody has seen that, and none came later that says more.

It follows from what is recorded, and from nothing that anybody would have to keep.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Gating, GatingState, Verdict
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules.gates import conduct

_STUCK: Final = frozenset({GatingState.REFUSED, GatingState.INTERRUPTED})
# What is asked for by a task comes back to its agent, or as a question; people's names have no blank.
_BY_TASK: Final = "task "


def waiting(state: State) -> Iterator[Gating]:
    """Yield the gate runs of which somebody is to know."""
    for gating in state.gatings.values():
        if not is_bad(gating) or gating.seen or gating.by.startswith(_BY_TASK):
            continue
        if state.projects[gating.project].removed:
            continue
        if not any(_speaks_for(one, gating) for one in _later(state, gating)):
            yield gating


def is_bad(gating: Gating) -> bool:
    """Tell whether a gate run is over, by nobody's wish, and has not passed."""
    over = gating.state is GatingState.ENDED
    return gating.state in _STUCK or (over and not conduct.has_passed(gating))


def see(state: State, gate_run: str, by: str) -> tuple[ev.AnyEvent, ...]:
    """Record that somebody knows of one; twice is once."""
    known = state.gating(gate_run)
    if not is_bad(known):
        what = "it has passed" if known.state is GatingState.ENDED else f"it is {known.state}"
        raise Refused(
            f"cannot take gate run {gate_run} out of the inbox: {what}",
            hint=f"pmrunnerctl gate show {gate_run}",
        )
    if known.seen:
        return ()
    return (ev.GateRunSeen(gate_run=known.id, project=known.project, by=by),)


def told(gating: Gating) -> str:
    """Say what did not go well, in a line for each."""
    what = "what gates need" if gating.preparing else "gates"
    if gating.record is None or gating.state in _STUCK:
        return f"{what} could not be {_tried(gating)}: {gating.reason or gating.state}"
    lines = [f"gates of commit {gating.record.commit[:12]} have not passed"]
    lines += [
        f"{one.gate}: {one.verdict}" + (f": {one.why}" if one.why else "")
        for one in gating.record.results
        if one.verdict is not Verdict.PASSED
    ]
    return "\n".join(lines)


def _tried(gating: Gating) -> str:
    return "prepared" if gating.preparing else "tried"


def _later(state: State, gating: Gating) -> Sequence[Gating]:
    return [
        one
        for one in state.gatings.values()
        if one.project == gating.project and number(one.id) > number(gating.id)
    ]


def _speaks_for(later: Gating, earlier: Gating) -> bool:
    """Tell whether a later one came to an end that says what there is to say; where it is bad, it waits itself."""
    if later.state is not GatingState.ENDED or later.record is None:
        return False
    if later.preparing or earlier.preparing:
        return earlier.preparing
    if earlier.record is None or conduct.is_whole(later.record):
        return True
    good = {one.gate for one in earlier.record.results if one.verdict is Verdict.PASSED}
    return set(earlier.record.wanted) - good <= set(later.record.wanted)
