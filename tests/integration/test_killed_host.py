"""The run host of a real daemon dies, and no run comes after it that would clear up."""

import os
import signal
from pathlib import Path

from pmrunnerd.model import protocol as p
from tests.integration.daemon import Daemon
from tests.integration.runhost.hostile import CONFIG, person
from tests.unit.services.parts import eventually, needs_sandbox

pytestmark = needs_sandbox

_OWN = (
    "git init -q own; git -C own commit -q --allow-empty -m x; echo x > own/file; git add own;"
    f" {CONFIG.format('own/.git/config')}"
)


def test_what_git_would_enter_is_gone_by_the_time_that_anybody_is_told_of_the_end(
    tmp_path: Path,
) -> None:
    trap = tmp_path / "trap"
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("cake")
        daemon.say("cake", f"TRAP={trap}; {_OWN}; touch .git/on; sleep 99")
        eventually((path / ".git/on").exists)
        daemon.ask(p.Drain())
        (run,) = (tmp_path / "state/runs").iterdir()
        os.kill(int((run / "lock").read_text()), signal.SIGKILL)
        eventually(lambda: daemon.ask(p.RunList()).runs[0].run.ended)
        person(path, "git status", trap)
        assert not trap.exists()
        assert list(path.glob(f".git/pm-runner-kept/{run.name}-*/own/file"))
