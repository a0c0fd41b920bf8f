import json
from pathlib import Path

import pytest

from pmrunnerctl import runs, unit
from pmrunnerctl.status import draw
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import RunRow, RunTable
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper

NAME = "pm-runner@prod.service"
RUN = "pm-runner-run@prod-r8-4f2a.service"
SAID = {
    "MainPID": "42",
    "NRestarts": "1",
    "MemoryCurrent": "44040192",
    "WatchdogUSec": "30s",
}


def test_a_daemon_that_somebody_else_started_is_in_no_unit() -> None:
    assert unit.daemon(NAME, 41, SAID) is None
    assert unit.daemon(NAME, 41, {}) is None


def test_what_a_unit_has_is_one_line() -> None:
    held = unit.daemon(NAME, 42, SAID)
    assert held is not None
    assert held.words == "pm-runner@prod.service, 1 restart, 42.0 MiB, watchdog 30s"


@pytest.mark.parametrize("absent", ["[not set]", "18446744073709551615", ""])
def test_what_is_not_counted_is_absent_and_not_nothing(absent: str) -> None:
    held = unit.daemon(NAME, 42, SAID | {"MemoryCurrent": absent, "WatchdogUSec": "0"})
    assert held is not None
    assert held.words == "pm-runner@prod.service, 1 restart, no watchdog"
    used = unit.run_used({"ActiveState": "active", "CPUUsageNSec": absent})
    assert used is not None
    assert used.words == ""


USED = {
    "Id": RUN,
    "ActiveState": "active",
    "ControlGroup": f"/pm.slice/{RUN}",
    "MemoryCurrent": "1048576",
    "CPUUsageNSec": "1500000000",
    "TasksCurrent": "7",
}


def test_what_a_run_uses_is_one_line_while_it_is_under_way(tmp_path: Path) -> None:
    used = unit.run_used(USED, tmp_path)
    assert used is not None
    assert used.name == RUN
    assert used.memory_peak is None
    assert used.words == "1.0 MiB, 1.5 s of CPU, 7 tasks"
    assert unit.run_used(USED | {"ActiveState": "inactive"}, tmp_path) is None


@pytest.mark.parametrize(
    ("hierarchy", "name"), [("", "memory.peak"), ("memory", "memory.max_usage_in_bytes")]
)
def test_the_most_memory_of_a_run_is_what_the_kernel_says(
    tmp_path: Path, hierarchy: str, name: str
) -> None:
    group = tmp_path / hierarchy / "pm.slice" / RUN
    group.mkdir(parents=True)
    (group / name).write_text("3145728\n")
    used = unit.run_used(USED, tmp_path)
    assert used is not None
    assert used.words == "1.0 MiB (at most 3.0 MiB), 1.5 s of CPU, 7 tasks"


def test_a_group_that_is_gone_or_all_of_them_is_nobody_s_peak(tmp_path: Path) -> None:
    (tmp_path / "memory.peak").write_text("3145728\n")
    for group in ("", "/", "/../none"):
        used = unit.run_used(USED | {"ControlGroup": group}, tmp_path / "empty")
        assert used is not None
        assert used.memory_peak is None
    used = unit.run_used(USED | {"ControlGroup": "/"}, tmp_path)
    assert used is not None
    assert used.memory_peak is None


def test_an_environment_shows_its_unit(paper: Paper) -> None:
    held = unit.daemon(NAME, 42, SAID)
    assert held is not None
    draw(paper, samples.overview(), held.words)
    assert "\nunit     pm-runner@prod.service, 1 restart, 42.0 MiB, watchdog 30s\n" in paper.text


def test_an_environment_shows_what_each_run_under_way_uses(paper: Paper) -> None:
    row = RunRow(run=samples.run(), alias="demo", title="Build it")
    draw(paper, samples.overview(), "", {row.run.id: (row, "1.0 MiB")})
    assert "  USES  " in paper.text
    assert f"{row.run.id}  demo     1.0 MiB  Build it\n" in paper.text


def test_runs_under_way_have_what_they_use_beside_them_where_somebody_knows(paper: Paper) -> None:
    row = RunRow(run=samples.run(), alias="demo", title="Build it")
    runs.table(paper, RunTable(runs=(row,)), {row.run.id: "1.0 MiB"})
    assert "  USES" in paper.text
    assert "  1.0 MiB  " in paper.text


def test_one_that_no_manager_holds_is_shown_as_ever(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = [samples.overview()]
    said = json.loads(ctl("status", "--json").out)
    assert "unit" not in said
    assert said["startedAt"]
