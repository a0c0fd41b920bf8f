from typing import get_args

import msgspec
import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Asked, Began, Finished, Limits, Spec

AT = "2026-11-24T12:30:00.123Z"


def test_a_spec_of_an_older_release_is_understood() -> None:
    oldest = {
        "environment": "dev",
        "run": "r1-4f2a",
        "task": "t1",
        "project": "demo",
        "agent": "shell",
        "title": "x",
        "text": "true",
        "workspace": "/srv/demo",
        "limits": {"total": 60, "silence": 5},
    }
    spec = msgspec.convert(oldest, Spec)
    assert (spec.attempt, spec.answers, spec.unconfined) == (1, (), False)
    assert spec.limits == Limits(total=60, silence=5)


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


def test_every_report_says_when_it_was_made() -> None:
    assert all("at" in kind.__struct_fields__ for kind in get_args(AnyProgress))
