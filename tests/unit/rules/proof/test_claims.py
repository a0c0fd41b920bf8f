import hashlib

import msgspec
import pytest

from pmrunnerd.model.gates import Counted, Verdict
from pmrunnerd.rules.proof.claims import BadRecord, claims, read, unmet
from tests.unit.rules.proof.samples import SOURCE, TREE, result, run


@pytest.mark.parametrize("data", [b"", b"[FAIL] unit\nNOT ALL PASS", b"{}", b"[" * 100_000])
def test_a_log_is_no_record_of_gates(data: bytes) -> None:
    with pytest.raises(BadRecord, match="it is no record of a gate run"):
        read(data)


def test_what_is_claimed_is_drawn_from_the_record_and_names_it_by_digest() -> None:
    record = msgspec.json.encode(
        run(result(tests=Counted(ran=7, skipped=2), answered_by="g0", signed_by="anna"))
    )
    found = claims(record)

    assert found.record == hashlib.sha256(record).hexdigest()
    (only,) = found.results
    assert (only.name, only.verdict, only.tests, only.skipped) == ("unit", "passed", 7, 2)
    assert (only.answered_by, only.signed_by, only.log) == ("g0", "anna", "1" * 64)


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict != "passed"])
def test_every_verdict_but_one_keeps_a_release_from_being_good(verdict: Verdict) -> None:
    assert unmet(run(result(verdict=verdict)), source=SOURCE, tree=TREE) == [f"unit: {verdict}"]


@pytest.mark.parametrize(
    "tests", [Counted(ran=0), Counted(ran=0, skipped=9), Counted(ran=9, failed=1)]
)
def test_a_gate_that_says_it_passed_without_a_test_that_did_is_not_believed(tests: Counted) -> None:
    assert unmet(run(result(tests=tests)), source=SOURCE, tree=TREE) == [
        "unit passed without a test"
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(unmet(run(source="6" * 64, build="", ended=None), source=SOURCE, tree=TREE)) == 3
