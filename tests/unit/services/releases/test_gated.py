import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import GateRun
from pmrunnerd.services.releases.gated import Gated
from pmrunnerd.services.releases.shelf import Shelf
from tests.unit.services.releases.made import Made

OURS = Project(id="w1", alias="own", path="/srv/own", project_type=ProjectType.RUNNER_DEV)


def gated(root: Path, project: Project = OURS) -> tuple[str, GateRun] | None:
    return asyncio.run(Gated(Shelf(root, "prod")).gated(project))


def test_where_nothing_runs_or_nobody_signed_nothing_was_gated(tmp_path: Path) -> None:
    assert gated(tmp_path) is None
    made = Made(tmp_path)
    assert gated(made.root) is None


def test_the_release_that_runs_is_named_with_its_gate_run_and_only_for_the_runner(
    tmp_path: Path,
) -> None:
    made = Made(tmp_path)
    made.sign()
    found = gated(made.root)
    assert found is not None
    assert found[0] == f"release {made.name}"
    assert found[1].build == made.facts.tree
    assert gated(made.root, replace(OURS, project_type=ProjectType.NORMAL)) is None


def test_a_record_that_cannot_be_read_is_said_so_and_no_reason_to_compare_with_nothing(
    tmp_path: Path,
) -> None:
    made = Made(tmp_path)
    record = made.sign() / "gates.json"
    record.unlink()
    record.mkdir()
    for _ in ("a directory", "no record"):
        with pytest.raises(Refused, match="cannot compare gates with those of release") as refused:
            gated(made.root)
        assert refused.value.hint == f"pmrunnerctl prove {made.name}"
        if record.is_dir():
            record.rmdir()
            record.write_text("{}")
