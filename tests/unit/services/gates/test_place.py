import json
import os
import stat
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.record import Order

ORDER = Order(gate="one", command="true", timeout=1.0, source="0" * 64)
NAME = "g1-a-one"
RECORD = {
    "name": NAME,
    "by": "pm-runner-gate",
    "ended": 1.0,
    "result": "success",
    "code": "exited",
    "status": "0",
}


def test_an_order_is_written_once_and_what_is_half_made_is_made_anew(tmp_path: Path) -> None:
    place = GatePlace(tmp_path / "gates")
    place.make()
    place.make()
    place.path(NAME).mkdir()
    (place.path(NAME) / "log").write_text("half")
    assert not place.is_written(NAME)
    place.write(NAME, ORDER, ("--ro-bind", "/a"))
    assert place.is_written(NAME)
    assert (place.path(NAME) / "log").read_text() == ""
    assert (place.path(NAME) / "walls").read_text() == "--ro-bind\0/a\0"
    before = (place.path(NAME) / "spec.json").read_bytes()
    place.write(NAME, Order(gate="two", command="false", timeout=1.0, source="1" * 64))
    assert (place.path(NAME) / "spec.json").read_bytes() == before


def test_what_others_try_they_may_read_and_write_no_more_than_they_must(tmp_path: Path) -> None:
    place = GatePlace(tmp_path / "gates", records=tmp_path / "records")
    before = os.umask(0o007)  # as a daemon has it whose runs are another user's
    try:
        place.make()
        place.write(NAME, ORDER)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.path(NAME).iterdir()}
    assert modes == {"log": 0o660, "junit.xml": 0o660, "told.json": 0o660, "spec.json": 0o640}
    assert not (tmp_path / "gates/records").exists()


def test_a_record_is_believed_by_its_name_alone(tmp_path: Path) -> None:
    place = GatePlace(tmp_path / "gates")
    place.make()
    assert place.record(NAME) is None
    (place.records / f"{NAME}.json").write_text(json.dumps(RECORD))
    found = place.record(NAME)
    assert found is not None
    assert found.status == "0"
    (place.records / "g1-a-two.json").write_text(json.dumps(RECORD))
    with pytest.raises(Refused, match=f"it is that of {NAME}"):
        place.record("g1-a-two")
    (place.records / "g1-a-three.json").symlink_to(place.records / f"{NAME}.json")
    with pytest.raises(OSError, match="symbolic links"):
        place.record("g1-a-three")


def test_counts_that_are_not_those_that_were_written_down_count_for_nothing(tmp_path: Path) -> None:
    place = GatePlace(tmp_path / "gates")
    place.make()
    place.write(NAME, ORDER)
    (place.records / f"{NAME}.json").write_text(json.dumps(RECORD))
    found = place.record(NAME)
    assert found is not None
    assert place.junit(found) is None
    (place.path(NAME) / "junit.xml").write_text("<testsuite/>")
    with pytest.raises(Refused, match="changed since"):
        place.junit(found)


def test_a_word_for_people_that_nobody_understands_is_none(tmp_path: Path) -> None:
    place = GatePlace(tmp_path / "gates")
    place.make()
    assert place.told(NAME).why == ""
    place.write(NAME, ORDER)
    assert place.told(NAME).why == ""
    (place.path(NAME) / "told.json").write_text("{")
    assert place.told(NAME).why == ""
    (place.path(NAME) / "told.json").write_text('{"kind": "x", "why": "because", "more": 1}')
    assert place.told(NAME).why == "because"


def test_what_a_gate_worked_in_goes(tmp_path: Path) -> None:
    place = GatePlace(tmp_path / "gates")
    place.make()
    place.write(NAME, ORDER)
    deep = place.path(NAME) / "work/source/a/b"
    deep.mkdir(parents=True)
    (deep / "link").symlink_to("/etc")
    place.tidy(NAME)
    place.tidy(NAME)
    assert not (place.path(NAME) / "work").exists()
