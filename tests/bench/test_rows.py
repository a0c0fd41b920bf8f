"""Every row of the bench measures something, beside its limit, and leaves nothing behind."""

import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.bench import __main__ as command
from tests.bench import (
    appending,
    claude,
    client,
    commits,
    control,
    hosting,
    memory,
    running,
    starting,
)
from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.system.hosts import lacks

# Numbers stand for what is measured: a commit a client makes, a start, a process.
ROWS = {
    "commits": (commits.measure, {"durable commits"}),
    "answer": (starting.answer, {"start to first answer"}),
    "control": (control.measure, {"control requests"}),
    "ready": (starting.ready, {"start to READY", "first start ever"}),
    "memory": (memory.measure, {"memory idle, RSS", "memory idle, PSS"}),
    "kill": (starting.kill, {"kill -9 to answering"}),
    "runs": (
        running.measure,
        {
            "status while runs talk",
            "memory for a run, RSS",
            "memory for a run, PSS",
            "processor time of the daemon",
        },
    ),
    "claude": (claude.measure, {"start to first model request", "import of the SDK"}),
    "host": (hosting.measure, {"test host up"}),
    "status": (client.measure, {"pmrunnerctl status"}),
    "append": (appending.measure, {"one append"}),
}


class Tiny(Bench):
    """Everything once."""

    def times(self, whole: int, quick: int) -> int:
        return min(whole, quick, 1)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_figures_above_nothing_each_beside_its_limit(tmp_path: Path, name: str) -> None:
    if name == "host" and (reason := lacks()):
        pytest.skip(reason)
    measure: Callable[[Bench], Iterable[Figure]]
    measure, names = ROWS[name]
    figures = list(measure(Tiny(tmp_path, quick=True, sizes=(3, 6))))

    assert {figure.name for figure in figures} == names
    for figure in figures:
        assert all(map(math.isfinite, figure.ours.values))
        # What two runs take may be lost in what the daemon gives back meanwhile.
        is_difference = figure.name.startswith("memory for a run")
        assert is_difference or all(value > 0 for value in figure.ours.values)
        assert figure.case
        if figure.name != "first start ever":
            assert figure.limit is not None
            assert figure.against
            assert is_difference or 0 < (figure.ratio or 0) < 1000
    assert any(figure.target for figure in figures)


def test_the_bare_loop_writes_the_groups_that_the_store_made(tmp_path: Path) -> None:
    done = commits.one_round(tmp_path, clients=8, each=5)

    assert done.commits == 40
    assert len(done.groups) < 40  # one sync served several clients
    assert b"".join(group.data for group in done.groups) == (tmp_path / "bare").read_bytes()
    journal = (tmp_path / "state/journal/00000001.jsonl").read_bytes()
    assert journal.endswith((tmp_path / "bare").read_bytes())


def test_the_command_prints_a_table_or_json(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = dict(os.environ)
    directory = tmp_path_factory.mktemp("b")  # short: a socket's address has 107 bytes at most
    words = ["--quick", "--only=answer", "--sizes=3", f"--beside={directory}"]
    assert command.main(words) == 0
    drawn = capsys.readouterr().out
    assert command.main([*words, "--json=-"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert "| start to first answer |" in drawn
    assert [row["name"] for row in found["figures"]] == ["start to first answer"]
    assert set(found["machine"]) == {"python", "cpus", "load", "filesystem"}
    assert list(directory.iterdir()) == []
    assert dict(os.environ) == before


def test_rows_come_in_the_order_in_which_they_do_not_disturb_each_other(tmp_path: Path) -> None:
    assert list(command.ROWS)[-2:] == ["status", "append"]
    assert set(ROWS) == set(command.ROWS)
