import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import BadRequest, NotFound, PmError, Refused
from pmrunnerd.model.gates import Counted, Difference, Differences, Verdict, Where
from pmrunnerd.rules import decide
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.gates import conduct, digests
from pmrunnerd.rules.gates.conduct import MOST, Attestation
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import AT, ended, happened

DONE = (ended("lint"), ended("unit"), ended("lab", Verdict.SKIPPED), tries.OVER)
SAID = Attestation(gate="lab", passed=True, note="bench 4", tests=12)


def test_who_asks_for_gates_gets_the_next_gate_run() -> None:
    state = happened(tries.REQUESTED)
    fact = conduct.request(state, state.projects["w1"], ["unit", "unit"], "HEAD~1", "anna")

    assert fact == ev.GateRunRequested(
        gate_run="g2", project="w1", names=("unit",), commit="HEAD~1", by="anna"
    )


def test_what_is_no_name_of_a_gate_is_refused_before_anything_is_extracted() -> None:
    state = happened()
    with pytest.raises(BadRequest, match="no name of a gate"):
        conduct.request(state, state.projects["w1"], ["--all"], "", "anna")


def test_not_more_wait_than_anybody_can_want() -> None:
    state = happened()
    for number in range(MOST):
        evolve(state, replace(tries.REQUESTED, gate_run=f"g{number + 1}"), AT)
    with pytest.raises(Refused, match="20 gate runs of it have not ended"):
        conduct.request(state, state.projects["w1"], [], "", "anna")
    evolve(state, tries.CANCELLED, AT)
    assert conduct.request(state, state.projects["w1"], [], "", "anna").gate_run == "g21"


def test_one_that_waits_is_cancelled_at_once_and_one_that_runs_when_it_is_gone() -> None:
    waits, runs = happened(tries.REQUESTED), happened(tries.REQUESTED, tries.STARTED)

    assert conduct.cancel(waits, "g1", "anna") == (tries.CANCELLED,)
    assert conduct.cancel(runs, "g1", "anna") == (tries.STOP,)
    for state, fact in ((waits, tries.CANCELLED), (runs, tries.STOP)):
        evolve(state, fact, AT)
        assert conduct.cancel(state, "g1", "otto") == ()


def test_one_that_is_over_is_not_cancelled() -> None:
    with pytest.raises(Refused, match="it is ENDED"):
        conduct.cancel(happened(tries.REQUESTED, tries.STARTED, *DONE), "g1", "anna")
    with pytest.raises(NotFound):
        conduct.cancel(happened(), "g1", "anna")


def test_a_project_stays_while_gates_of_it_go_on() -> None:
    state = happened(tries.REQUESTED)
    with pytest.raises(Refused, match="gate run g1 is QUEUED"):
        decide.remove_project(state, state.projects["w1"], "anna")
    evolve(state, tries.CANCELLED, AT)
    assert decide.remove_project(state, state.projects["w1"], "anna")


def test_an_admin_attests_what_was_tried_elsewhere_and_it_is_shown_as_such() -> None:
    state = happened(tries.REQUESTED, tries.STARTED, *DONE)
    (fact,) = conduct.attest(state, "g1", SAID, "root")
    assert isinstance(fact, ev.GateAttested)
    found = fact.result

    assert (found.verdict, found.signed_by, found.why) == (Verdict.PASSED, "root", "bench 4")
    assert found.definition == digests.definition(tries.LAB)
    assert (found.inputs, found.tests) == ("i", Counted(ran=12))
    assert not conduct.has_passed(state.gatings["g1"])
    evolve(state, fact, AT)
    assert conduct.has_passed(state.gatings["g1"])
    assert conduct.attest(state, "g1", SAID, "root") == ()


def test_what_wants_a_host_is_attested_only_where_it_had_none() -> None:
    gate = replace(tries.LAB, runs=Where.HOST)
    gates = replace(tries.SET, gates=(tries.LINT, tries.UNIT, gate))
    started = replace(tries.STARTED, record=replace(tries.RECORD, gates=gates))
    for verdict in set(Verdict) - {Verdict.CANNOT_START}:
        state = happened(tries.REQUESTED, started, ended("lab", verdict))
        with pytest.raises(Refused, match="where no host could be booted"):
            conduct.attest(state, "g1", SAID, "root")

    state = happened(tries.REQUESTED, started, ended("lab", Verdict.CANNOT_START))
    for said in (SAID, Attestation(gate="lab", passed=False, note="it burnt"), SAID):
        for fact in conduct.attest(state, "g1", said, "root"):
            evolve(state, fact, AT)
    record = state.gatings["g1"].record
    assert record is not None
    assert {one.gate: one.signed_by for one in record.results} == {"lab": "root"}


def test_who_attests_that_it_failed_after_all_is_believed() -> None:
    state = happened(tries.REQUESTED, tries.STARTED, *DONE)
    for said in (SAID, Attestation(gate="lab", passed=False, note="it burnt")):
        for fact in conduct.attest(state, "g1", said, "root"):
            evolve(state, fact, AT)

    assert not conduct.has_passed(state.gatings["g1"])


@pytest.mark.parametrize(
    ("facts", "said", "error", "why"),
    [
        ((), SAID, Refused, "it is QUEUED"),
        ((tries.STARTED, tries.CANCELLED), SAID, Refused, "it is CANCELLED"),
        ((tries.STARTED,), SAID, Refused, "it waits for lint"),
        ((tries.STARTED, *DONE), replace(SAID, gate="nope"), NotFound, "it has lint, unit, lab"),
        ((tries.STARTED, *DONE), replace(SAID, gate="unit"), Refused, "it is tried here"),
        ((tries.STARTED, *DONE), replace(SAID, note=" \n"), BadRequest, "the note is empty"),
        ((tries.STARTED, *DONE), replace(SAID, tests=None), Refused, "none is said to have run"),
        ((tries.STARTED, *DONE), replace(SAID, tests=0), Refused, "none is said to have run"),
    ],
)
def test_nothing_else_is_attested(
    facts: tuple[ev.AnyEvent, ...], said: Attestation, error: type[PmError], why: str
) -> None:
    with pytest.raises(error, match=why):
        conduct.attest(happened(tries.REQUESTED, *facts), "g1", said, "root")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_gate_run_has_passed_when_each_gate_that_was_wanted_has(verdict: Verdict) -> None:
    only = replace(tries.STARTED, record=replace(tries.RECORD, wanted=("lint",)))
    state = happened(tries.REQUESTED, only, ended("lint", verdict))
    assert not conduct.has_passed(state.gatings["g1"])
    evolve(state, tries.OVER, AT)

    assert conduct.has_passed(state.gatings["g1"]) is (verdict is Verdict.PASSED)
    assert not conduct.is_whole(only.record)
    assert conduct.is_whole(tries.RECORD)


def test_what_is_weaker_is_accepted_as_a_whole_or_not_at_all() -> None:
    state = happened()
    project = state.projects["w1"]
    weaker = Differences(digest="abc", found=(Difference(gate="a", words="gate a is gone"),))
    assert conduct.is_accepted(state, project, Differences(digest="x"))
    assert not conduct.is_accepted(state, project, weaker)
    with pytest.raises(Refused, match="they are abc by now"):
        conduct.accept(state, project, weaker, "ab", "anna")

    (fact,) = conduct.accept(state, project, weaker, "abc", "anna")
    evolve(state, fact, AT)

    assert conduct.is_accepted(state, project, weaker)
    assert conduct.accept(state, project, weaker, "abc", "anna") == ()
    assert not conduct.is_accepted(state, project, replace(weaker, digest="other"))
