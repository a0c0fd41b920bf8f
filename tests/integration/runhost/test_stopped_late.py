"""A run that is told to stop while it puts things in order: it ends in seconds, and loses nothing."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, PutAway
from pmrunnerd.model.spec import Limits
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, needs_sandbox

pytestmark = needs_sandbox


@contextmanager
def _somebody_s_git(here: Path) -> Iterator[None]:
    """Have a person's editor open in the middle of a commit, which holds the index."""
    words = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty")
    clean = {"PATH": os.environ["PATH"], "GIT_EDITOR": "sleep 99 #"}
    with subprocess.Popen(
        [*words, "kept.txt"], cwd=here, env=clean, stderr=subprocess.DEVNULL, start_new_session=True
    ) as person:
        try:
            eventually((here / ".git/index.lock").exists)
            yield
        finally:
            os.killpg(person.pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [("true", Outcome.INTERRUPTED), ("exit 3", Outcome.FAILED), ("pm-ask W?", Outcome.ASKED)],
)
def test_it_says_so_and_the_next_run_puts_the_work_away(
    tmp_path: Path, ending: str, outcome: Outcome
) -> None:
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        run = hosts.start(
            f"touch on; until [ -e .git/go ]; do sleep 0.01; done; echo x > work; {ending}",
            limits=Limits(total=300, silence=300, haste=3),
        )
        eventually((here / "on").exists)
        with _somebody_s_git(here):
            (here / ".git/go").touch()
            eventually((here / "work").exists)
            time.sleep(1)  # so that the agent is gone, and we are waiting for that git
            hosts.stop(run)
        said = hosts.over(run)
        assert end(said).outcome is outcome
        assert "it was told to stop; what it left stays there, and the next run" in end(said).reason
        assert (here / "work").exists()

        said = hosts.run("echo x > new", earlier=(run,), perhaps_finished=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        (away,) = every(said, PutAway)
        assert git(here, "show", f"{away.ref}:work") == "x\n"
        assert len(every(said, Committed)) == 1
