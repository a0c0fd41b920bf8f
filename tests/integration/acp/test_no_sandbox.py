"""A sandbox that does not start, once the agent has worked in one: that passes, and nobody is asked."""

from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import PutBack
from tests.integration.acp.parts import Acps, Turn
from tests.integration.runhost.flawed import Flawed
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox

pytestmark = needs_sandbox


def test_its_program_is_what_cannot_be_started_and_the_run_failed(tmp_path: Path) -> None:
    flawed = Flawed(tmp_path, '"/script.json"')
    with Hosts(tmp_path, path=flawed.path) as hosts:
        said = Acps(hosts, [{"say": "Done."}]).run()

        assert flawed.was_met
        assert end(said).outcome is Outcome.FAILED
        assert end(said).reason.startswith("cannot confine the agent: ")
        assert "accept the risk" in end(said).reason


def test_whoever_cannot_look_at_the_work_leaves_it_to_the_next_run(tmp_path: Path) -> None:
    turn: Turn = [{"write": ["half.txt", "half\n"]}, {"say": "Done."}]
    flawed = Flawed(tmp_path, '" read-tree "')
    with Hosts(tmp_path, path=flawed.path) as hosts:
        acps = Acps(hosts, turn, [{"say": "Done."}])
        run = acps.start()
        said = hosts.over(run)

        assert flawed.was_met
        assert end(said).outcome is Outcome.INTERRUPTED, said
        assert end(said).reason.startswith("cannot confine the agent: ")
        assert "accept the risk" not in end(said).reason

        said = acps.run(interrupted=(run,), resumes=f"refs/pm-runner/runs/{run}")
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [one.there for one in every(said, PutBack)] == [True]
        assert git(hosts.workspace, "show", "HEAD:half.txt") == "half\n"
