"""A run that outlasts the code that it was started from: another release, or none, lies there."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pmrunnerd
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed
from pmrunnerd.services.rundir import RunDirectory
from tests.integration.daemon import Daemon
from tests.integration.runhost.hosts import end, every, everything
from tests.unit.services.parts import RUN, eventually, needs_sandbox, repository, spec

pytestmark = needs_sandbox

_SCRIPT = "touch on; until [ -e .git/go ]; do sleep 0.01; done; echo x > work"


def _copy(release: Path) -> Path:
    return shutil.copytree(Path(pmrunnerd.__file__).parent, release / "pmrunnerd")


def _goes(code: Path) -> None:
    shutil.rmtree(code)


def _is_another_s(code: Path) -> None:
    """Have every module be one of a release that shares nothing with ours but the names."""
    for module in code.rglob("*.py"):
        module.write_text("raise RuntimeError('of another release')\n")


@pytest.mark.parametrize("becomes", [_goes, _is_another_s])
def test_its_work_is_committed_by_the_code_that_it_was_started_from(
    tmp_path: Path, becomes: Callable[[Path], None]
) -> None:
    code = _copy(tmp_path / "release")
    here = repository(tmp_path / "workspace")
    directory = RunDirectory(tmp_path / "state/runs" / RUN)
    directory.write_spec(spec(here, _SCRIPT))
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "pmrunnerd.runhost", directory.path],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code.parent)},
        stderr=subprocess.PIPE,
    ) as host:
        try:
            eventually((here / "on").exists)
            becomes(code)
            (here / ".git/go").touch()
            _, errors = host.communicate(timeout=60)
        finally:
            host.kill()
    said = [progress for _, progress in everything(directory)]

    assert end(said).outcome is Outcome.SUCCEEDED, (end(said).reason, errors)
    assert len(every(said, Committed)) == 1


class _Copied(Daemon):
    """A daemon of the code that lies in a directory."""

    release = Path()

    def argv(self) -> list[str]:
        return ["env", "PYTHONSAFEPATH=1", f"PYTHONPATH={self.release}", *super().argv()]


def test_a_daemon_clears_up_behind_the_dead_by_the_code_that_it_was_started_from(
    tmp_path: Path,
) -> None:
    code = _copy(tmp_path / "release")
    daemon = _Copied(tmp_path / "state")
    daemon.release = code.parent
    with daemon:
        here = daemon.add_project("cake")
        daemon.say("cake", "git init -q own; git -C own config a.b c; touch .git/on; sleep 99")
        eventually((here / ".git/on").exists)
        daemon.ask(p.Drain())
        (run,) = (tmp_path / "state/runs").iterdir()
        shutil.rmtree(code / "services/broom")
        os.kill(int((run / "lock").read_text()), signal.SIGKILL)
        eventually(lambda: daemon.ask(p.RunList()).runs[0].run.ended)

        assert list(here.glob(f".git/pm-runner-kept/{run.name}-*/own"))
