from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Finished, Output
from pmrunnerd.runhost.limits import measured
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.services.agents.protocol import Verdict
from pmrunnerd.services.cgroup import Group
from pmrunnerd.services.child import Usage
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.rundir import EventWriter, RunDirectory

WHY = "memory: it met its limit of 4 GiB, and the kernel killed what it ran"


def _group(tmp_path: Path, *, killed: int) -> Group:
    for name, text in {
        "memory.max": str(4 << 30),
        "memory.peak": "123456",
        "memory.events": f"oom_kill {killed}",
        "cpu.stat": "usage_usec 2500000",
    }.items():
        (tmp_path / name).write_text(f"{text}\n")
    return Group({"": tmp_path})


def _told(tmp_path: Path, verdict: Verdict, killed: int, *, stopped: bool = False) -> list[object]:
    directory = RunDirectory(tmp_path / "r1-4f2a")
    directory.path.mkdir()
    writer = EventWriter(directory)
    report = Reporter(writer, Clock())
    report.used(Usage(7, 0.5))
    given = measured(verdict, _group(tmp_path, killed=killed), report, stopped=stopped)
    report.finished(given.outcome, given.reason, given.status)
    writer.close()
    return [progress for _, progress in directory.read(0, 10)]


@pytest.mark.parametrize(
    ("outcome", "stopped", "then"),
    [
        (Outcome.FAILED, False, Outcome.FAILED),
        (Outcome.INTERRUPTED, False, Outcome.FAILED),
        (Outcome.INTERRUPTED, True, Outcome.INTERRUPTED),
    ],
)
def test_what_met_its_limit_says_so_and_is_not_tried_again_by_itself(
    tmp_path: Path, outcome: Outcome, stopped: bool, then: Outcome
) -> None:
    verdict = Verdict(outcome=outcome, reason="signal 9 ended it")
    (last,) = _told(tmp_path, verdict, killed=1, stopped=stopped)

    assert isinstance(last, Finished)
    assert (last.outcome, last.reason) == (then, f"{WHY}; signal 9 ended it")


def test_what_went_well_all_the_same_is_told_in_passing(tmp_path: Path) -> None:
    told, last = _told(tmp_path, Verdict(outcome=Outcome.SUCCEEDED), killed=2)

    assert isinstance(told, Output)
    assert told.text == f"{WHY}\n"
    assert isinstance(last, Finished)
    assert (last.outcome, last.reason) == (Outcome.SUCCEEDED, "")


def test_the_kernel_s_figures_are_those_of_the_run(tmp_path: Path) -> None:
    (last,) = _told(tmp_path, Verdict(outcome=Outcome.FAILED, reason="x"), killed=0)

    assert isinstance(last, Finished)
    assert (last.peak_memory, last.cpu_seconds, last.reason) == (123456, 2.5, "x")
