import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.gates import Preparation, Verdict
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.gates.keeping import WEEK, Left, Part, may_go
from tests.unit.rules.gates.tries import AT, RECORD, happened, result

TREE = Left(part=Part.TREE, name=RECORD.source, size=1, age=0.0)
MADE = Left(part=Part.PREPARED, name="f" * 64, size=1, age=WEEK + 1)


def log(run: str) -> Left:
    return Left(part=Part.LOG, name=f"{run}-4f2a4f2a-unit", size=1, age=0.0)


def gate_run(
    state: State, name: str, verdict: Verdict | None = None, *, made: str = "", begun: bool = True
) -> None:
    """Let one gate run be asked for, begin, and end if its gates came to something."""
    known = {"gate_run": name, "project": "w1"}
    facts: list[ev.AnyEvent] = [ev.GateRunRequested(gate_run=name, project="w1")]
    if begun:
        facts.append(ev.GateRunStarted(**known, record=replace(RECORD, id=name)))
    if verdict is not None:
        results = [result(gate, verdict, preparation=made) for gate in RECORD.wanted]
        facts += [ev.GateEnded(**known, result=one) for one in results]
        facts += [ev.GateRunEnded(**known, ended=1.0)]
    for fact in facts:
        evolve(state, fact, AT)


def goes(state: State, *left: Left, latest: int = 2) -> list[Left]:
    return [one for one, _ in may_go(state, left, latest)]


def test_a_tree_goes_once_no_gate_run_goes_on_that_judges_it() -> None:
    state = happened()
    assert goes(state, TREE) == [TREE]
    gate_run(state, "g1")
    assert goes(state, TREE) == []
    assert goes(state, replace(TREE, name="0" * 64)) == [replace(TREE, name="0" * 64)]
    evolve(state, ev.GateRunCancelled(gate_run="g1", project="w1"), AT)
    assert goes(state, TREE) == [TREE]


def test_while_one_waits_any_tree_may_be_the_one_that_it_finds() -> None:
    state = happened()
    gate_run(state, "g1", begun=False)
    assert goes(state, TREE, replace(TREE, name="0" * 64)) == []


def test_while_one_may_prepare_any_tree_may_be_that_of_what_it_prepares_from() -> None:
    state = happened()
    prepare = Preparation(command="make tools", inputs=("tools",))
    record = replace(RECORD, id="g1", gates=replace(RECORD.gates, prepare=prepare))
    evolve(state, ev.GateRunRequested(gate_run="g1", project="w1"), AT)
    evolve(state, ev.GateRunStarted(gate_run="g1", project="w1", record=record), AT)
    other = replace(TREE, name="0" * 64)
    assert goes(state, other) == []
    ended = result(RECORD.wanted[0], Verdict.PASSED)
    evolve(state, ev.GateEnded(gate_run="g1", project="w1", result=ended), AT)
    assert goes(state, other) == [other]


def test_while_a_gate_of_inputs_alone_may_be_tried_any_tree_may_be_of_these() -> None:
    state = happened()
    first, *others = RECORD.gates.gates
    gates = replace(RECORD.gates, gates=(replace(first, inputs=("src",)), *others))
    record = replace(RECORD, id="g1", gates=gates)
    evolve(state, ev.GateRunRequested(gate_run="g1", project="w1"), AT)
    evolve(state, ev.GateRunStarted(gate_run="g1", project="w1", record=record), AT)
    other = replace(TREE, name="0" * 64)
    assert goes(state, other) == []
    ended = result(first.name, Verdict.PASSED)
    evolve(state, ev.GateEnded(gate_run="g1", project="w1", result=ended), AT)
    assert goes(state, other) == [other]


def test_logs_of_all_but_the_latest_go_and_of_those_that_nobody_knows() -> None:
    state = happened()
    for number in range(1, 5):
        gate_run(state, f"g{number}", Verdict.PASSED)
    logs = [log(f"g{number}") for number in range(6)]
    assert [one.name[:2] for one in goes(state, *logs)] == ["g0", "g1", "g2", "g5"]
    assert goes(state, *logs, latest=50) == [log("g0"), log("g5")]


def test_the_last_that_was_good_stays_and_what_waits_to_be_seen() -> None:
    state = happened()
    gate_run(state, "g1", Verdict.PASSED)
    gate_run(state, "g2", Verdict.FAILED)
    for number in range(3, 7):
        gate_run(state, f"g{number}")
        evolve(state, ev.GateRunCancelled(gate_run=f"g{number}", project="w1"), AT)
    logs = [log(f"g{number}") for number in range(1, 7)]
    assert goes(state, *logs, latest=1) == [log("g3"), log("g4"), log("g5")]


def test_what_goes_on_stays_however_long_ago_it_began() -> None:
    state = happened()
    gate_run(state, "g1")
    gate_run(state, "g2", Verdict.PASSED)
    assert goes(state, log("g1"), latest=1) == []


def test_of_a_project_that_was_removed_no_log_stays() -> None:
    state = happened()
    gate_run(state, "g1", Verdict.PASSED)
    evolve(state, ev.ProjectRemoved(project="w1"), AT)
    assert goes(state, log("g1")) == [log("g1")]


@pytest.mark.parametrize(
    ("made", "going", "age", "stays"),
    [
        ("", False, WEEK + 1, False),
        ("", False, WEEK - 1, True),
        ("", True, WEEK + 1, True),
        (MADE.name, False, WEEK + 1, True),
    ],
)
def test_what_was_prepared_goes_after_a_week_in_which_nobody_needed_it(
    made: str, going: bool, age: float, stays: bool
) -> None:
    state = happened()
    gate_run(state, "g1", Verdict.PASSED, made=made)
    if going:
        gate_run(state, "g2")
    assert (goes(state, replace(MADE, age=age)) == []) is stays
