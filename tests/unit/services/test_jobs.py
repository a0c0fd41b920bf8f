import asyncio
from pathlib import Path

import pytest

from pmrunnerd.services import jobs

UNIT = jobs.unit("prod")


def manager(directory: Path, script: str) -> str:
    """Return a PATH on which systemctl is this script."""
    program = directory / "systemctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{directory}:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("  12 pm-runner@prod.service stop running", True),
        ("  12 pm-runner@prod.service restart running", False),
        ("  12 pm-runner@prod.service start waiting", False),
        ("  12 pm-runner@stop.service start waiting", False),
        ("", False),
    ],
)
def test_only_a_stop_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, *, expected: bool
) -> None:
    script = f'[ "$*" = "list-jobs --no-legend pm-runner@prod.service" ] && echo "{row}"'
    monkeypatch.setenv("PATH", manager(tmp_path, script))
    assert asyncio.run(jobs.is_stop(UNIT)) is expected


def test_where_nobody_can_tell_runs_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", manager(tmp_path, "exit 1"))
    assert not asyncio.run(jobs.is_stop(UNIT))
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert not asyncio.run(jobs.is_stop(UNIT))
