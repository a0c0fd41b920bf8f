from typing import get_args

import msgspec
import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Asked, Began, Finished

AT = "2026-11-24T12:30:00.123Z"


@pytest.mark.parametrize(
    "progress",
    [
        Began(at=AT, head="4f2a", confined=True, pid=7),
        Asked(at=AT, text="which?", options=("a", "b")),
        Finished(at=AT, outcome=Outcome.FAILED, reason="no", status=3, cpu_seconds=0.5),
    ],
    ids=lambda progress: type(progress).__name__,
)
def test_a_report_comes_out_as_it_went_in(progress: AnyProgress) -> None:
    line = msgspec.json.encode(progress)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=AnyProgress) == progress


@pytest.mark.parametrize("dollars", ["null", "1e999", "1e308", "-1"])
def test_a_cost_that_no_run_has_is_not_understood(dollars: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="dollars"):
        msgspec.json.decode(f'{{"event":"charged","at":"","dollars":{dollars}}}', type=AnyProgress)


def test_every_report_says_when_it_was_made() -> None:
    assert all("at" in kind.__struct_fields__ for kind in get_args(AnyProgress))
