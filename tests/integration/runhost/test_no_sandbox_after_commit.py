"""A sandbox that does not start right behind the commit: the work is not done a second time."""

from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed
from tests.integration.runhost.flawed import Flawed
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, head, needs_sandbox

pytestmark = needs_sandbox


def test_what_is_committed_by_then_is_found_by_the_next_run(tmp_path: Path) -> None:
    # It is for what asks after the subject of the commit.
    flawed = Flawed(tmp_path, '"-1 --format=%s"')
    with Hosts(tmp_path, path=flawed.path) as hosts:
        began = head(hosts.workspace)
        run = hosts.start("echo x >> tally")
        last = end(hosts.over(run))
        assert flawed.was_met
        assert last.outcome is Outcome.INTERRUPTED
        assert "cannot confine" in last.reason

        said = hosts.run("echo x >> tally", earlier=(run,), perhaps_finished=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED
        assert f"run {run} had finished the work" in end(said).reason
        assert every(said, Committed)[0].commit == head(hosts.workspace)
        assert git(hosts.workspace, "rev-list", "--count", f"{began}..HEAD").strip() == "1"
        assert (hosts.workspace / "tally").read_text() == "x\n"
