"""A run that destroys the history of its workspace: that is said, and so is the way out."""

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.services import workspace
from tests.integration.runhost.hosts import Hosts, end
from tests.unit.services.parts import git, needs_sandbox

pytestmark = needs_sandbox

GONE = {
    "all of it": "rm -rf .git/* 2>/dev/null",
    "its references": "rm -rf .git/refs .git/packed-refs .git/objects",
    "its objects": "rm -rf .git/objects",
}


@pytest.mark.parametrize("ending", ["true", "exit 3", "pm-ask W?"])
@pytest.mark.parametrize("name", GONE)
def test_that_nothing_is_there_to_go_back_to_is_said_with_the_way_out(
    tmp_path: Path, name: str, ending: str
) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        said = hosts.run(f"set +e; echo x > work; {GONE[name]}; {ending}")
        assert end(said).outcome is Outcome.FAILED
        assert "its .git has no commit any more; put its history back, or" in end(said).reason
        assert "fatal" not in end(said).reason
        assert (here / "work").exists()

        said = hosts.run("echo x > new")
        assert end(said).outcome is Outcome.HELD
        assert "git commit --allow-empty -m start" in end(said).reason
        assert "fatal" not in end(said).reason
        probed = asyncio.run(workspace.probe(here, unconfined=False)).problem
        assert (
            probed == end(said).reason.removeprefix(f"cannot work in {here}: ")
            or probed in end(said).reason
        )
        if name != "its objects":  # a branch that names what is nowhere takes more
            git(here, "add", "--all")
            git(here, "commit", "--quiet", "--allow-empty", "-m", "start")
            assert end(hosts.run("echo x > new")).outcome is Outcome.SUCCEEDED
