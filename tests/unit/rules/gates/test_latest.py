import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.gates.latest import good_before, latest
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import AT, RECORD, STOP, happened, result

SOURCE = RECORD.source


def gate_run(  # noqa: PLR0913 - what can be another
    state: State,
    name: str,
    *,
    project: str = "w1",
    source: str = SOURCE,
    verdict: Verdict = Verdict.PASSED,
    ended: float | None = 1.0,
) -> None:
    """Let a gate run of one gate go on, and end if it does."""
    known = {"gate_run": name, "project": project}
    record = replace(RECORD, id=name, project=project, source=source, wanted=("lint",))
    facts: list[ev.AnyEvent] = [
        ev.GateRunRequested(gate_run=name, project=project),
        ev.GateRunStarted(**known, record=record),
        ev.GateEnded(**known, result=result("lint", verdict)),
    ]
    if ended is not None:
        facts.append(ev.GateRunEnded(**known, ended=ended))
    for fact in facts:
        evolve(state, fact, AT)


def test_one_that_only_prepared_speaks_for_no_content() -> None:
    state = happened()
    gate_run(state, "g1")
    known = {"gate_run": "g2", "project": "w1"}
    evolve(state, ev.GateRunRequested(gate_run="g2", project="w1", preparing=True), AT)
    evolve(state, ev.GateRunStarted(**known, record=replace(RECORD, id="g2", wanted=())), AT)
    evolve(state, ev.GateRunEnded(**known, ended=9.0), AT)
    assert of(state) == "g1"


def of(state: State) -> str:
    found = latest(state, "w1", SOURCE)
    return found.id if found else ""


def test_what_has_not_ended_or_is_of_something_else_speaks_for_nothing() -> None:
    state = happened(ev.ProjectAdded(project="w2", alias="other", path="/srv/other"))
    gate_run(state, "g1", ended=None)
    evolve(state, replace(STOP, gate_run="g1"), AT)
    evolve(state, ev.GateRunCancelled(gate_run="g1", project="w1", by="anna"), AT)
    gate_run(state, "g2", source="6" * 64)
    gate_run(state, "g3", project="w2")
    gate_run(state, "g4", ended=None)

    assert of(state) == ""


@pytest.mark.parametrize(
    ("nine", "ten", "speaks"), [(5.0, 6.0, "g10"), (6.0, 5.0, "g9"), (5.0, 5.0, "g10")]
)
def test_the_one_that_ended_last_speaks_though_it_failed(
    nine: float, ten: float, speaks: str
) -> None:
    state = happened()
    gate_run(state, "g9", ended=nine)
    gate_run(state, "g10", verdict=Verdict.FAILED, ended=ten)

    assert of(state) == speaks


def test_before_one_goes_the_last_that_was_whole_and_good() -> None:
    good = (tries.STARTED, tries.ended("lint"), tries.ended("unit"), tries.ended("lab"), tries.OVER)
    bad = (*good[:2], tries.ended("unit", Verdict.FAILED), *good[3:])
    part = replace(tries.STARTED, record=replace(tries.RECORD, wanted=("lint",)))

    def named(name: str, *facts: ev.AnyEvent) -> list[ev.AnyEvent]:
        return [replace(fact, gate_run=name) for fact in facts]

    state = happened(
        *named("g1", tries.REQUESTED, *good),
        *named("g2", tries.REQUESTED, *bad),
        *named("g3", tries.REQUESTED, part, tries.ended("lint"), tries.OVER),
        *named("g4", tries.REQUESTED, *good),
        *named("g5", tries.REQUESTED),
    )
    before = {run: good_before(state, state.gatings[run]) for run in state.gatings}
    assert before["g1"] is None
    assert all(before[run] == state.gatings["g1"].record for run in ("g2", "g3", "g4"))
    assert before["g5"] == state.gatings["g4"].record
