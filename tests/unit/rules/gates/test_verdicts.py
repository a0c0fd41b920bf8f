import pytest

from pmrunnerd.model.gates import Counted, Gate, Verdict, Where
from pmrunnerd.rules.gates.verdicts import Finish, verdict

PLAIN = Gate(name="lint", command="x", timeout=600.0)
COUNTED = Gate(name="unit", command="x", tests="junit.xml")
GOOD = Finish(result="success", code="exited", status="0")


def exited(status: int) -> Finish:
    return Finish(result="exit-code" if status else "success", code="exited", status=str(status))


def test_only_a_good_end_with_tests_that_ran_has_passed() -> None:
    found = verdict(COUNTED, GOOD, Counted(ran=812, skipped=3))

    assert (found.verdict, found.why) == (
        Verdict.PASSED,
        "exit status 0, 812 tests, 3 skipped",
    )
    assert found.status == 0


def test_a_gate_without_tests_says_so() -> None:
    assert verdict(PLAIN, GOOD, None).why == "exit status 0; it declares no tests"


@pytest.mark.parametrize(
    ("finish", "tests", "expected", "why"),
    [
        # A log that reads `[FAIL] … NOT ALL PASS`, or `1000 passed`, with status 0 and no file; `true`.
        (GOOD, None, Verdict.NO_TESTS, "it left no junit.xml that could be read"),
        (GOOD, "it is no XML", Verdict.NO_TESTS, "counts for nothing: it is no XML"),
        (GOOD, Counted(ran=0), Verdict.NO_TESTS, "no test that ran"),
        (GOOD, Counted(ran=0, skipped=9), Verdict.NO_TESTS, "and 9 skipped"),
        (GOOD, Counted(ran=9, failed=1), Verdict.FAILED, "1 of 9 tests failed"),
        (exited(1), Counted(ran=9), Verdict.FAILED, "exit status 1; 9 tests"),
        (exited(1), None, Verdict.FAILED, "exit status 1"),
        (exited(127), None, Verdict.FAILED, "a command was not found"),
        (exited(137), None, Verdict.FAILED, "killed by SIGKILL"),
        (exited(203), None, Verdict.CANNOT_START, "cannot be executed"),
        (exited(226), None, Verdict.CANNOT_START, "a namespace that cannot be had"),
        (
            Finish(result="timeout", code="killed", status="TERM"),
            None,
            Verdict.TIMED_OUT,
            "longer than 10 min",
        ),
        (
            Finish(result="oom-kill", code="killed", status="KILL"),
            None,
            Verdict.KILLED,
            "more memory",
        ),
        (Finish(result="signal", code="killed", status="KILL"), None, Verdict.KILLED, "SIGKILL"),
        (Finish(result="core-dump", code="dumped", status="11"), None, Verdict.KILLED, "SIGSEGV"),
        # systemd takes the end by SIGTERM for a good one.
        (
            Finish(result="success", code="killed", status="TERM"),
            Counted(ran=9),
            Verdict.KILLED,
            "SIGTERM",
        ),
        (Finish(result="signal", code="killed", status="99"), None, Verdict.KILLED, "signal 99"),
        (Finish(result="resources"), None, Verdict.CANNOT_START, "had not what it takes"),
        (Finish(result="start-limit-hit"), None, Verdict.CANNOT_START, "too often"),
        (Finish(result=""), Counted(ran=9), Verdict.CANNOT_START, "nobody saw how it ended"),
        (Finish(result="success"), Counted(ran=9), Verdict.CANNOT_START, "nobody saw"),
        (
            Finish(result="success", code="exited", status="zero"),
            None,
            Verdict.CANNOT_START,
            "nobody saw",
        ),
        (Finish(result="success", refused="no user"), None, Verdict.CANNOT_START, "no user"),
        (
            Finish(result="exit-code", code="exited", status="0"),
            Counted(ran=9),
            Verdict.FAILED,
            "says exit-code",
        ),
        (
            Finish(result="success", code="exited", status="0", left=1),
            Counted(ran=9),
            Verdict.FAILED,
            "1 process of it",
        ),
        (
            Finish(result="success", code="exited", status="0", left=2),
            Counted(ran=9),
            Verdict.FAILED,
            "2 processes of it",
        ),
        (
            Finish(result="success", code="exited", status="0", altered=["lib/a.py"]),
            Counted(ran=9),
            Verdict.ALTERED,
            "lib/a.py",
        ),
        (
            Finish(result="success", code="exited", status="0", altered=[*"abcdefg"]),
            None,
            Verdict.ALTERED,
            "a, b, c, d, e and 2 more",
        ),
        (
            Finish(result="signal", code="killed", status="TERM", cancelled=True),
            None,
            Verdict.CANCELLED,
            "cancelled",
        ),
        (
            Finish(result="success", code="exited", status="0", cancelled=True),
            Counted(ran=9),
            Verdict.CANCELLED,
            "cancelled",
        ),
    ],
    ids=range(30),
)
def test_each_bad_end_has_a_verdict_of_its_own(
    finish: Finish, tests: Counted | str | None, expected: Verdict, why: str
) -> None:
    found = verdict(Gate(name="unit", command="x", tests="junit.xml", timeout=600.0), finish, tests)

    assert found.verdict is expected
    assert why in found.why


def test_a_gate_without_tests_is_judged_by_how_it_ended_too() -> None:
    altered = Finish(result="success", code="exited", status="0", altered=["a"])

    assert verdict(PLAIN, exited(1), None).verdict is Verdict.FAILED
    assert verdict(PLAIN, altered, None).verdict is Verdict.ALTERED


def test_one_whose_host_was_ended_early_says_so_and_no_signal_is_made_up() -> None:
    hosted = Gate(name="boots", command="x", runs=Where.HOST)

    found = verdict(hosted, exited(253), None)
    assert (found.verdict, found.why) == (
        Verdict.FAILED,
        "its host was ended before its command had",
    )
    for gate, status in ((PLAIN, 253), (hosted, 255)):
        assert verdict(gate, exited(status), None).why == f"exit status {status}"
