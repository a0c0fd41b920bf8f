from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model.gates import Gate, GateResult, GateRun, GateSet, Verdict, Where
from pmrunnerd.rules.gates import digests
from pmrunnerd.rules.gates.reuse import answer, attested

GATE = Gate(name="unit", command="pytest", inputs=("src",))
NOW = 100_000.0


def result(**changed: Any) -> GateResult:
    plain = GateResult(
        gate="unit",
        verdict=Verdict.PASSED,
        definition=digests.definition(GATE),
        inputs="in",
        preparation="prep",
        started=NOW - 7200,
        seconds=3.0,
        why="exit status 0, 5 tests",
    )
    return replace(plain, **changed)


def run(*results: GateResult, id: str = "g3", source: str = "src") -> GateRun:
    gates = GateSet(gates=(GATE,), source="x")
    return GateRun(
        id=id, project="w1", commit="c", source=source, definitions="d", gates=gates,
        wanted=("unit",), started=0.0, results=results,
    )  # fmt: skip


def test_the_same_gate_on_the_same_inputs_is_answered_for_by_run_and_age() -> None:
    found = answer(GATE, "in", "prep", [run(result(), source="another")], NOW)

    assert found is not None
    assert (found.verdict, found.answered_by) == (Verdict.PASSED, "g3")
    assert found.why == "as in g3, 2 h ago: exit status 0, 5 tests"


@pytest.mark.parametrize(
    "changed",
    [
        {"gate": "lint"},
        {"verdict": Verdict.FAILED},
        {"verdict": Verdict.SKIPPED},
        {"definition": "another"},
        {"inputs": "another"},
        {"preparation": "another"},
        {"preparation": ""},
        {"signed_by": "anna"},
        {"answered_by": "g1"},
    ],
)
def test_a_result_of_anything_else_answers_for_nothing(changed: dict[str, Any]) -> None:
    assert answer(GATE, "in", "prep", [run(result(**changed))], NOW) is None


@pytest.mark.parametrize("changed", [{"inputs": ()}, {"network": True}, {"runs": Where.ATTESTED}])
def test_a_gate_that_may_depend_on_anything_is_tried_again(changed: dict[str, Any]) -> None:
    gate = replace(GATE, **changed)
    same = result(definition=digests.definition(gate))

    assert answer(gate, "in", "prep", [run(same)], NOW) is None


def test_the_latest_answers_and_a_clock_that_went_back_makes_no_age() -> None:
    old, new = run(result(), id="g1"), run(result(started=NOW + 5), id="g2")
    found = answer(GATE, "in", "prep", [new, old], NOW)

    assert found is not None
    assert found.why.startswith("as in g2, 0 s ago")


def test_what_a_person_attested_holds_for_that_source_alone() -> None:
    signed = run(result(signed_by="anna"), id="g7")

    found = attested(GATE, "src", "in", [signed])
    assert found is not None
    assert (found.signed_by, found.answered_by) == ("anna", "g7")
    assert attested(GATE, "other", "in", [signed]) is None
    assert attested(GATE, "src", "other", [signed]) is None
    assert attested(GATE, "src", "in", [run(result())]) is None


def test_who_attested_otherwise_later_is_the_one_that_counts() -> None:
    good = run(result(signed_by="anna"), id="g7")
    bad = run(result(signed_by="anna", verdict=Verdict.FAILED, started=NOW), id="g8")

    found = attested(GATE, "src", "in", [bad, good])
    assert found is not None
    assert found.verdict is Verdict.FAILED
