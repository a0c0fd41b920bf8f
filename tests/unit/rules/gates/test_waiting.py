from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import GatingState, Verdict
from pmrunnerd.rules.gates import waiting
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import RECORD, ended, happened

Facts = tuple[ev.AnyEvent, ...]

BAD: Facts = (
    tries.STARTED,
    ended("lint"),
    ended("unit", Verdict.FAILED, why="exit status 1"),
    ended("lab", Verdict.SKIPPED, why="nobody has attested it"),
    tries.OVER,
)
GOOD: Facts = (tries.STARTED, ended("lint"), ended("unit"), ended("lab"), tries.OVER)


def later(*facts: ev.AnyEvent, wanted: tuple[str, ...] = RECORD.wanted, **asked: Any) -> Facts:
    """Return the facts of a later gate run of the same project."""
    record = replace(RECORD, id="g2", wanted=wanted)
    said: list[ev.AnyEvent] = [replace(tries.REQUESTED, gate_run="g2", **asked)]
    for fact in facts:
        more = {"record": record} if isinstance(fact, ev.GateRunStarted) else {}
        said.append(replace(fact, gate_run="g2", **more))
    return tuple(said)


def waits(*facts: ev.AnyEvent) -> list[str]:
    return [one.id for one in waiting.waiting(happened(*facts))]


@pytest.mark.parametrize("how", [BAD, (tries.REFUSED,), (tries.STARTED, tries.INTERRUPTED)])
def test_what_has_not_passed_waits_until_somebody_has_seen_it(how: Facts) -> None:
    state = happened(tries.REQUESTED, *how)
    assert [one.id for one in waiting.waiting(state)] == ["g1"]
    (fact,) = waiting.see(state, "g1", "anna")
    state = happened(tries.REQUESTED, *how, fact)
    assert list(waiting.waiting(state)) == []
    assert state.gating("g1").seen == "anna"
    assert waiting.see(state, "g1", "bert") == (), "twice is once"


@pytest.mark.parametrize("how", [(), (tries.STARTED,), GOOD, (tries.CANCELLED,)])
def test_what_goes_on_passed_or_was_not_wanted_any_more_does_not(how: Facts) -> None:
    assert waits(tries.REQUESTED, *how) == []
    with pytest.raises(Refused, match="cannot take gate run g1 out of the inbox: it "):
        waiting.see(happened(tries.REQUESTED, *how), "g1", "anna")


def test_what_a_task_asked_for_is_its_agents_to_mend() -> None:
    assert waits(replace(tries.REQUESTED, by="task t3"), *BAD) == []


def test_of_a_removed_project_nobody_need_know() -> None:
    gone = ev.ProjectRemoved(project="w1")
    assert waits(tries.REQUESTED, *BAD, gone) == []


@pytest.mark.parametrize(
    ("more", "waiting"),
    [
        (later(), ["g1"]),
        (later(tries.STARTED), ["g1"]),
        (later(tries.REFUSED), ["g1", "g2"]),
        (later(*GOOD), []),
        (later(*BAD), ["g2"]),
        (later(tries.STARTED, ended("lint"), tries.OVER, wanted=("lint",)), ["g1"]),
        (later(*GOOD[:-2], tries.OVER, wanted=("lint", "unit")), ["g1"]),
        (later(tries.STARTED, tries.OVER, wanted=(), preparing=True), ["g1"]),
    ],
)
def test_a_later_one_speaks_for_it_only_where_it_tried_what_failed(
    more: Facts, waiting: list[str]
) -> None:
    assert waits(tries.REQUESTED, *BAD, *more) == waiting


def test_what_could_not_be_prepared_waits_until_it_could() -> None:
    first = replace(tries.REQUESTED, preparing=True)
    assert waits(first, tries.STARTED, tries.INTERRUPTED) == ["g1"]
    assert waits(first, tries.STARTED, tries.INTERRUPTED, *later(*BAD)) == ["g2"]


def test_which_gates_did_not_pass_is_told_with_the_reason() -> None:
    def told(*facts: ev.AnyEvent) -> str:
        return waiting.told(happened(tries.REQUESTED, *facts).gating("g1"))

    assert told(*BAD) == (
        "gates of commit cccccccccccc have not passed\n"
        "unit: failed: exit status 1\nlab: skipped: nobody has attested it"
    )
    assert told(tries.REFUSED) == "gates could not be tried: no such commit"


def test_that_somebody_saw_it_moves_nothing() -> None:
    state = happened(tries.REQUESTED, *BAD, ev.GateRunSeen(gate_run="g1", project="w1", by="anna"))
    assert state.gating("g1").state is GatingState.ENDED
    assert state.gating("g1").at == tries.AT
