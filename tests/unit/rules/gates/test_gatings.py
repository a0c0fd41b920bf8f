import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import IllegalTransition, NotFound, PmError
from pmrunnerd.model.gates import Difference, GatingState, Verdict
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.gates.gatings import KEPT
from pmrunnerd.rules.transitions import GATING
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import AT, RECORD, begun, ended, happened

ALL = (ended("lint"), ended("unit", Verdict.FAILED), ended("lab", Verdict.SKIPPED))


def test_a_gate_run_goes_from_asked_for_to_its_end() -> None:
    state = happened(tries.REQUESTED)
    assert state.gatings["g1"].state is GatingState.QUEUED
    assert state.minted["g"] == 1

    going_on: tuple[ev.AnyEvent, ...] = (begun("lint"), ended("lint"), begun("unit"))
    for fact in (tries.STARTED, *going_on):
        evolve(state, fact, AT)
    going = state.gatings["g1"]
    assert (going.state, going.under_way) == (GatingState.RUNNING, ("unit",))

    last: tuple[ev.AnyEvent, ...] = (*ALL[1:], tries.OVER)
    for fact in last:
        evolve(state, fact, AT)
    over = state.gatings["g1"]
    assert (over.state, over.under_way) == (GatingState.ENDED, ())
    assert over.record is not None
    assert over.record.ended == 1100.0
    assert [one.gate for one in over.record.results] == ["lint", "unit", "lab"]


def test_a_gate_run_does_not_end_before_each_gate_has_its_result() -> None:
    with pytest.raises(IllegalTransition, match="unit, lab has no result"):
        happened(tries.REQUESTED, tries.STARTED, ended("lint"), tries.OVER)


@pytest.mark.parametrize(
    "facts",
    [
        (ended("lint"), ended("lint")),
        (ended("lint"), begun("lint")),
        (begun("lint"), begun("lint")),
        (begun("nope"),),
        (ended("nope"),),
        (begun("lab"), tries.attested("lab")),
    ],
)
def test_no_gate_begins_or_ends_twice_or_without_being_wanted(
    facts: tuple[ev.AnyEvent, ...],
) -> None:
    with pytest.raises(IllegalTransition, match="cannot record gate"):
        happened(tries.REQUESTED, tries.STARTED, *facts)


def test_how_it_was_stopped_or_lost_is_told() -> None:
    stopping = happened(tries.REQUESTED, tries.STARTED, begun("lint"), tries.STOP)
    assert stopping.gatings["g1"].cancelling == "anna"
    evolve(stopping, tries.CANCELLED, AT)
    assert stopping.gatings["g1"].reason == "anna cancelled it"
    assert stopping.gatings["g1"].under_way == ()

    lost = happened(tries.REQUESTED, tries.STARTED, begun("lint"), tries.INTERRUPTED)
    assert (lost.gatings["g1"].reason, lost.gatings["g1"].under_way) == ("it is gone", ())
    assert happened(tries.REQUESTED, tries.REFUSED).gatings["g1"].reason == "no such commit"


def test_who_attests_afterwards_changes_the_record_and_nothing_else() -> None:
    state = happened(tries.REQUESTED, tries.STARTED, *ALL, tries.OVER, tries.attested())

    record = state.gatings["g1"].record
    assert record is not None
    assert [(one.gate, one.signed_by) for one in record.results] == [
        ("lint", ""),
        ("unit", ""),
        ("lab", "root"),
    ]
    assert state.gatings["g1"].state is GatingState.ENDED


def test_the_latest_of_each_project_are_remembered_and_those_that_go_on() -> None:
    state = happened(ev.ProjectAdded(project="w2", alias="other", path="/srv/other"))
    for number in range(1, KEPT + 4):
        project = "w2" if number == 2 else "w1"
        asked = ev.GateRunRequested(gate_run=f"g{number}", project=project)
        evolve(state, asked, AT)
        if number != 1:
            gone = ev.GateRunCancelled(gate_run=f"g{number}", project=project)
            evolve(state, gone, AT)
    evolve(state, ev.GateRunRequested(gate_run="g99", project="w1"), AT)

    assert {"g1", "g2", "g99"} <= set(state.gatings)
    assert "g3" not in state.gatings
    assert len(state.gatings) == KEPT + 3
    with pytest.raises(NotFound, match="cannot find gate run g3"):
        state.gating("g3")


def test_what_a_person_accepted_is_remembered_by_project_and_digest() -> None:
    found = (Difference(gate="unit", words="gate unit is gone"),)
    fact = ev.DifferencesAccepted(project="w1", digest="abc", found=found, by="anna")
    accepted = happened(fact).accepted["w1 abc"]

    assert (accepted.found, accepted.by, accepted.at) == (found, "anna", AT)


FACTS: tuple[ev.AnyEvent, ...] = (
    *(tries.STARTED, tries.OVER, tries.CANCELLED, tries.STOP, tries.REFUSED, tries.INTERRUPTED),
    *(begun(gate) for gate in RECORD.wanted),
    *(ended(gate) for gate in RECORD.wanted),
    tries.attested(),
    replace(tries.STARTED, record=replace(RECORD, wanted=("lint",))),
)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(FACTS), max_size=14))
def test_no_facts_whatever_lead_out_of_the_table(facts: list[ev.AnyEvent]) -> None:
    state = happened(tries.REQUESTED)
    for fact in facts:
        before = state.gatings["g1"]
        try:
            with state.trial():
                evolve(state, fact, AT)
        except PmError:
            assert state.gatings["g1"] == before
            continue
        evolve(state, fact, AT)
        after = state.gatings["g1"]
        assert GATING[before.state][type(fact)] is after.state
        assert not (after.state.has_ended and after.under_way)
        results = [one.gate for one in after.record.results] if after.record else []
        assert len(results) == len(set(results))
        assert not set(results) & set(after.under_way)
