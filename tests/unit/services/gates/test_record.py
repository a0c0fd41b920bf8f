import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Gate, Verdict
from pmrunnerd.rules.gates.verdicts import verdict
from pmrunnerd.services.gates.record import Record, Told, Used, decode, finish

GATE = Gate(name="one", command="true")


def record(code: str, status: str, **more: object) -> Record:
    known = {"name": "g1-a-one", "by": "pm-runner-gate", "ended": 1.0, "result": "success"}
    return Record(**{**known, "code": code, "status": status, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "told", "cancelled", "came"),
    [
        (record("exited", "0"), Told(), False, Verdict.PASSED),
        # Too late: it is over, and how is known.
        (record("exited", "0"), Told(), True, Verdict.PASSED),
        (record("exited", "3", result="exit-code"), Told(), False, Verdict.FAILED),
        (record("exited", "251", result="exit-code"), Told(), False, Verdict.TIMED_OUT),
        (record("exited", "250", result="exit-code"), Told(), False, Verdict.CANNOT_START),
        (record("killed", "KILL", result="signal"), Told(), False, Verdict.KILLED),
        (record("killed", "KILL", result="signal"), Told(), True, Verdict.CANCELLED),
        (record("killed", "KILL", result="timeout"), Told(), False, Verdict.TIMED_OUT),
        (
            record("exited", "137", result="exit-code", used=Used(memory_kills=1)),
            Told(),
            False,
            Verdict.KILLED,
        ),
        (record("exited", "0", used=Used(memory_kills=1)), Told(), False, Verdict.PASSED),
        (record("exited", "0", altered=("source",)), Told(), False, Verdict.ALTERED),
        (record("", "", refused="no such file"), Told(), False, Verdict.CANNOT_START),
        (None, Told(kind="ended"), False, Verdict.CANNOT_START),
        (None, Told(), True, Verdict.CANCELLED),
    ],
)
def test_only_what_was_written_down_counts(
    found: Record | None, told: Told, cancelled: bool, came: Verdict
) -> None:
    assert verdict(GATE, finish(found, told, cancelled=cancelled), None).verdict is came


def test_why_it_could_not_be_tried_is_said_in_the_words_of_who_tried() -> None:
    said = finish(record("exited", "250"), Told(why="bubblewrap: no"), cancelled=False)
    assert said.refused == "bubblewrap: no"
    nobody = finish(None, Told(), cancelled=False, refused="access denied")
    assert nobody.refused == "access denied"


@pytest.mark.parametrize("data", [b"", b"[]", b'{"name": 3}', b"[" * 100_000])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="cannot read what was written down"):
        decode(data, Record)
