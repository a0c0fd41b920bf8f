import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from pmrunnerd.model.gates import Gate, GateResult, Verdict
from pmrunnerd.services.gates import judging
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.record import Order

NAME = "g1-a-one"
GATE = Gate(name="one", command="true", tests="j.xml")


def came(tmp_path: Path, junit: bytes = b"", refused: str = "", **record: Any) -> GateResult:
    place = GatePlace(tmp_path / "gates")
    place.make()
    place.write(NAME, Order(gate="one", command="true", timeout=1.0, source="0" * 64))
    (place.path(NAME) / "junit.xml").write_bytes(junit)
    known = {"name": NAME, "by": "x", "ended": 9.0, "result": "success", "code": "exited"}
    known |= {"status": "0", "began": 7.0, "seconds": 2.0, "tests": sha256(junit).hexdigest()}
    (place.records / f"{NAME}.json").write_text(json.dumps(known | record))
    return judging.result(
        place, NAME, GATE, inputs="i", started=1.0, cancelled=False, refused=refused
    )


def test_a_file_of_counts_can_only_make_it_worse(tmp_path: Path) -> None:
    good = b"<testsuite><testcase/></testsuite>"
    for junit, status, verdict in (
        (good, "0", Verdict.PASSED),
        (good, "1", Verdict.FAILED),
        (b"", "0", Verdict.NO_TESTS),
        (b"<testsuite/>", "0", Verdict.NO_TESTS),
        (b"1000 passed", "0", Verdict.NO_TESTS),
        (b"<testsuite><testcase><failure/></testcase></testsuite>", "0", Verdict.FAILED),
    ):
        assert came(tmp_path, junit, status=status).verdict is verdict, junit


def test_counts_of_another_file_are_none(tmp_path: Path) -> None:
    found = came(tmp_path, b"<testsuite><testcase/></testsuite>", tests="0" * 64)
    assert found.verdict is Verdict.NO_TESTS
    assert "changed since" in found.why


def test_a_record_that_cannot_be_believed_is_none(tmp_path: Path) -> None:
    found = came(tmp_path, name="g1-a-two")
    assert found.verdict is Verdict.CANNOT_START
    assert "that of g1-a-two" in found.why
    assert found.started == 1.0


def test_when_it_began_and_how_long_it_took_is_what_was_written_down(tmp_path: Path) -> None:
    found = came(tmp_path, refused="nobody answers")
    assert (found.started, found.seconds) == (7.0, 2.0)
    assert found.verdict is Verdict.NO_TESTS
