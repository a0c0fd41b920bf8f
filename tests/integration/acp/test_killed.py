"""A run host that is killed leaves nothing of its agent, and the next run goes on."""

import os
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import PutAway
from tests.integration.acp.parts import Acps, Turn
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, needs_sandbox, processes

pytestmark = needs_sandbox


@pytest.mark.parametrize("loads", [True, False])
def test_the_next_run_loads_its_session_or_begins_anew_and_has_the_work(
    tmp_path: Path, *, loads: bool
) -> None:
    word = f"8642.8{loads:d}{os.getpid()}"
    first: Turn = [{"write": ["half.txt", "half\n"]}, {"fork": word}, {"hang": "deaf"}]
    expected = "You were interrupted." if loads else "Somebody worked on it before you."
    second: Turn = [{"expect": expected}, {"write": ["rest.txt", "rest\n"]}, {"say": "It is done."}]
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, first, second, loads=loads)
        run = acps.start()
        eventually(lambda: processes(f"sleep\0{word}"))
        hosts.kill(run)
        eventually(lambda: not processes(f"sleep\0{word}"))
        later = acps.start(interrupted=(run,))
        said = hosts.over(later)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert len(every(said, PutAway)) == 1
        assert ("session/load" in acps.heard(later)) is loads
        assert git(hosts.workspace, "show", "HEAD:half.txt", "HEAD:rest.txt") == "half\nrest\n"


def test_a_session_that_is_gone_is_begun_anew(tmp_path: Path) -> None:
    done = {"say": "It is done."}
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"die": 1}], [{"expect": "<task>\ndo it\n</task>"}, done])
        run = acps.start()
        hosts.over(run)
        for file in (hosts.directory(run).path / "agent/session/sessions").iterdir():
            file.unlink()
        later = acps.start()
        said = hosts.over(later)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert acps.heard(later).count("session/new") == 2
