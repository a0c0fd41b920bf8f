import json

import pytest

from pmrunnerctl.status import draw
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.views import Door, Retention
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper


def test_an_environment_at_a_glance(paper: Paper) -> None:
    draw(
        paper,
        samples.overview(
            projects=(samples.project_row(),),
            tasks={TaskState.RUNNING: 1, TaskState.QUEUED: 2},
            runs=1,
            questions=1,
            waiting=1,
            doors=(
                Door(name="control", address="/srv/state/control.sock"),
                Door(name="web", address="http://127.0.0.1:3503", problem="port in use by pid 1"),
            ),
        ),
    )

    assert (
        paper.text
        == """\
pm-runner dev
release  1.2.3
process  4242, since 11:30:05 UTC, 2 min ago
memory   43 MiB
state    /srv/state, durable to commit 120
control  /srv/state/control.sock
web      http://127.0.0.1:3503: port in use by pid 1
agents   bubblewrap
runs     1 of at most 2
tasks    1 running, 2 queued
waiting  one thing waits for you: pmrunnerctl inbox

PROJECT  TYPE    AGENT  TASKS                WAITING  NOW
demo     normal  shell  1 running, 2 queued  1        running t1 build
"""
    )


def test_an_empty_environment_says_what_to_type(paper: Paper) -> None:
    draw(paper, samples.overview())

    assert paper.text.endswith(
        "waiting  nothing waits for you\n\n"
        "no projects yet\nnext: pmrunnerctl project add ALIAS PATH\n"
    )


def test_that_no_run_begins_is_told_with_the_reason(paper: Paper) -> None:
    draw(paper, samples.overview(refusal="3 MiB of memory are free"))
    assert "runs     0 of at most 2; none begins: 3 MiB of memory are free\n" in paper.text


def test_what_is_wrong_stands_first_and_in_red() -> None:
    paper = Paper(80, colour=True)
    draw(paper, samples.overview(problem="the disk is full", confinement="UNCONFINED"))

    assert paper.text.splitlines()[1].endswith("\x1b[31mthe disk is full\x1b[0m")
    assert "\x1b[31mUNCONFINED\x1b[0m" in paper.text


def test_what_was_spent_today_is_shown_where_anything_was(paper: Paper) -> None:
    draw(paper, samples.overview())
    assert "spent" not in paper.text
    draw(paper, samples.overview(spent=1.5))
    assert "spent    $1.50 today" in paper.text


def test_status_asks_and_changes_nothing(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = samples.overview()

    assert json.loads(ctl("status", "--json").out)["stateDirectory"] == "/srv/state"
    assert daemon.requests() == [p.Status()]


@pytest.mark.parametrize(
    ("size", "prunable", "told"),
    [
        (1 << 10, 0, "1.0 KiB of at most 2.0 KiB, of 1 run; none could go 2 min ago"),
        (1 << 10, 3, "1.0 KiB of at most 2.0 KiB, of 1 run; 3 could go: pmrunnerctl run prune"),
        (
            4 << 10,
            0,
            "4.0 KiB of at most 2.0 KiB, of 1 run; none could go 2 min ago, each is needed",
        ),
    ],
)
def test_what_is_kept_of_runs_is_one_line(
    paper: Paper, size: int, prunable: int, told: str
) -> None:
    kept = Retention(at=samples.AT, size=size, limit=2 << 10, runs=1, prunable=prunable)
    draw(paper, samples.overview(retention=kept))

    assert f"kept     {told}" in paper.text


def test_where_there_are_no_runs_nothing_is_kept_of_them(paper: Paper) -> None:
    kept = Retention(at=samples.AT, size=0, limit=2 << 10, runs=0, prunable=0)
    draw(paper, samples.overview(retention=kept))

    assert "kept     nothing; at most 2.0 KiB of runs are\n" in paper.text


def test_what_gate_runs_left_is_counted_beside_it(paper: Paper) -> None:
    kept = Retention(at=samples.AT, size=0, limit=2 << 10, runs=0, prunable=0, gates=3 << 10)
    draw(paper, samples.overview(retention=kept))

    assert "at most 2.0 KiB of runs are; 3.0 KiB of gate runs\n" in paper.text
