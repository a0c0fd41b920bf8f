import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.services.gates.record import Order, Record
from pmrunnerd.services.promotion.witness import unseen
from tests.unit.rules.proof import samples

RUN = samples.run()
(GATE,) = RUN.gates.gates
(RESULT,) = RUN.results


def wrote(place: Path, spec: dict[str, Any], said: dict[str, Any]) -> None:
    """Write down a try as root does, of the gate that the record tells of."""
    about: dict[str, Any] = {
        "gate": GATE.name,
        "command": GATE.command,
        "timeout": 60.0,
        "source": RUN.source,
        "build": RUN.build,
    }
    record: dict[str, Any] = {
        "name": "g1-unit-1",
        "by": "systemd",
        "ended": 13.0,
        "result": "success",
        "code": "exited",
        "status": "0",
        "spec": Order(**(about | spec)),
        "log": RESULT.log,
    }
    place.mkdir(exist_ok=True)
    data = msgspec.json.encode(Record(**(record | said)))
    (place / "g1-unit-1.json").write_bytes(data)


def test_what_root_has_seen_is_believed(tmp_path: Path) -> None:
    wrote(tmp_path / "gates", {}, {})
    assert unseen(tmp_path / "gates", RUN) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"command": "true"}, {}),
        ({"gate": "lint"}, {}),
        ({"build": "0" * 64}, {}),
        ({"prepares": "0" * 64}, {}),
        ({}, {"status": "1"}),
        ({}, {"code": "killed"}),
        ({}, {"log": "0" * 64}),
        ({}, {"altered": ("source",)}),
        ({}, {"refused": "it could not begin"}),
        ({}, {"spec": msgspec.UNSET}),
    ],
)
def test_another_try_than_the_one_that_is_told_of_is_none(
    tmp_path: Path, spec: dict[str, Any], said: dict[str, Any]
) -> None:
    wrote(tmp_path / "gates", spec, said)
    assert unseen(tmp_path / "gates", RUN) == ["unit passed, and root has not seen that"]


def test_what_is_no_record_speaks_for_no_gate(tmp_path: Path) -> None:
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates/odd.json").write_text("{}")
    os.mkfifo(tmp_path / "gates/pipe.json")
    assert unseen(tmp_path / "gates", RUN) == ["unit passed, and root has not seen that"]


def test_what_answered_before_may_have_been_given_another_build(tmp_path: Path) -> None:
    wrote(tmp_path / "gates", {"build": "0" * 64}, {})
    reused = samples.run(samples.result(answered_by="g0"))
    assert unseen(tmp_path / "gates", reused) == []


def test_what_a_person_attested_nobody_tried(tmp_path: Path) -> None:
    (tmp_path / "gates").mkdir()
    assert unseen(tmp_path / "gates", samples.run(samples.result(signed_by="anna"))) == []


def test_in_a_checkout_nobody_else_writes_anything_down(tmp_path: Path) -> None:
    assert unseen(tmp_path / "gates", RUN) == []
