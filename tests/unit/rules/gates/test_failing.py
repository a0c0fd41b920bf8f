from msgspec.structs import replace

from pmrunnerd.model import brief
from pmrunnerd.model.gates import Counted, Verdict, Where
from pmrunnerd.rules.gates.failing import CASES, Heard, failing, is_mendable, last, told
from tests.unit.rules.gates.tries import LAB, LINT, RECORD, SET, UNIT, result


def record(**verdicts: Verdict) -> object:
    return replace(RECORD, results=tuple(result(k, v) for k, v in verdicts.items()))


def test_of_a_gate_that_failed_are_told_name_verdict_why_cases_and_the_end_of_its_log() -> None:
    bad = result("unit", Verdict.FAILED, status=1, why="status 1", tests=Counted(ran=3, failed=1))
    found = replace(RECORD, results=(result("lint"), bad))
    (said,) = told(found, {"unit": Heard(log="one\ntwo\n", cases=("t.test_a",))})

    assert said.splitlines() == [
        "gate unit: failed, status 1, 1 of 3 tests: status 1",
        "failed: t.test_a",
        "one",
        "two",
    ]


def test_a_gate_that_failed_comes_before_those_that_were_skipped_for_it() -> None:
    found = record(lint=Verdict.SKIPPED, unit=Verdict.FAILED)
    assert [one.gate for one in failing(found)] == ["unit", "lint"]  # type: ignore[arg-type]


def test_a_log_without_an_end_is_cut_from_its_beginning() -> None:
    lines = last("".join(f"line {n}\n" for n in range(100_000)))
    assert lines[-1] == "line 99999"
    assert len(lines) == 60
    wide = last("x" * 1_000_000 + "\n" + "y" * 1_000_000)
    assert sum(len(line.encode()) for line in wide) <= brief.REASON
    assert last("") == []


def test_no_more_cases_are_named_than_anybody_reads() -> None:
    found = replace(RECORD, results=(result("unit", Verdict.FAILED),))
    (said,) = told(found, {"unit": Heard(cases=tuple(f"t{n}\n> go" for n in range(500)))})
    assert len(said.splitlines()) == 1 + CASES + 1, "a name that has lines is one line"


def test_what_only_waits_for_a_persons_word_is_nothing_that_an_agent_mends() -> None:
    assert not is_mendable(record(lint=Verdict.PASSED, lab=Verdict.SKIPPED))  # type: ignore[arg-type]
    assert is_mendable(record(unit=Verdict.FAILED, lab=Verdict.SKIPPED))  # type: ignore[arg-type]
    hosted = replace(SET, gates=(LINT, UNIT, replace(LAB, runs=Where.HOST)))
    for verdict in (Verdict.CANNOT_START, Verdict.FAILED):
        found = replace(RECORD, gates=hosted, results=(result("lint"), result("lab", verdict)))
        assert is_mendable(found) is (verdict is Verdict.FAILED)
