"""Eight sessions at once, each in a workspace of its own, with one model."""

import re
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress
from tests.fakes.model import scripted
from tests.integration.claude.parts import Claudes, result, uses
from tests.integration.runhost.hosts import Hosts, end
from tests.unit.services.parts import git, needs_sandbox, repository

pytestmark = needs_sandbox

RUNS = 8


def test_eight_at_once_all_end_with_their_own_work(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    works = uses("Bash", command="echo $PM_RUNNER_RUN > mine.txt; cat mine.txt")
    works.last, works.repeats = "<task>", True
    ends = result("Mine.", "mine.txt", last="r", repeats=True)
    with Hosts(tmp_path) as hosts, scripted(works, ends) as model:
        places = [repository(tmp_path / f"w{number}") for number in range(RUNS)]
        runs = [Claudes(hosts, model).start(workspace=place) for place in places]
        model.wait(RUNS)
        record_property("peak memory of run hosts, MB", [_memory(hosts.pid(run)) for run in runs])
        said: dict[str, list[AnyProgress]] = {run: hosts.over(run) for run in runs}

    for run, place in zip(runs, places, strict=True):
        assert end(said[run]).outcome is Outcome.SUCCEEDED, said[run]
        assert git(place, "show", "HEAD:mine.txt") == f"{run}\n"


def _memory(pid: int) -> int:
    """Return the peak of a process, 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s*(\d+)", text)
    return int(found[1]) // 1000 if found else 0
