"""A daemon that is sealed: what has to be done in workspaces, and with logins, units do for it."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from pmrunnerctl.exits import Cannot
from pmrunnerd.model import errand as e
from pmrunnerd.model import protocol as p
from pmrunnerd.model.logins import Login
from pmrunnerd.services.errands.paper import Paper
from tests.fakes import units
from tests.integration.daemon import Daemon, a_repository, git
from tests.integration.kept import KEPT, NONE_STAY, is_old, refs, retried
from tests.unit.services.parts import eventually, needs_sandbox

pytestmark = needs_sandbox

TOKEN = "sk-ant-oat01-hush"
# What a sealed daemon cannot start: who does is told on.
TRAPS = ("bwrap", "git", "claude")


class Sealed(Daemon):
    """A daemon whose PATH has traps where a sandbox and git would be; its units have the real ones."""

    def __init__(self, home: Path, *options: str) -> None:
        self.runs, self.manager, self.secrets = (
            home / "else" / "runs",
            home / "manager",
            home / "else" / "secrets",
        )
        self.trapped = home / "trapped"
        self.runs.mkdir(parents=True)
        units.install(home / "bin", self.manager, self.runs)
        systemctl = home / "bin" / "systemctl"
        real = systemctl.read_text().replace("exec ", f"export PATH={os.environ['PATH']}\nexec ")
        systemctl.write_text(real)
        for name in TRAPS:
            (home / "bin" / name).write_text(f"#!/bin/sh\necho {name} >>{self.trapped}\nexit 1\n")
            (home / "bin" / name).chmod(0o755)
        self._path = f"{home / 'bin'}:/usr/bin:/bin"
        where = (f"--runs-dir={self.runs}", f"--secrets-dir={self.secrets}")
        super().__init__(home / "state", "--host=systemd", *where, *options)

    def argv(self) -> list[str]:
        return ["env", f"PATH={self._path}", *super().argv()]

    def errands(self) -> Counter[str]:
        """Return how often each errand was started."""
        asked = (self.manager / "asked").read_text().splitlines()
        started = (line.rpartition("@test-")[2] for line in asked if " start " in f" {line} ")
        return Counter(name.partition("-")[0] for name in started)

    def is_clear(self) -> bool:
        """Tell whether nothing of an errand is there, and nothing was started that may not be."""
        return not self.trapped.exists() and not [
            one for one in self.runs.iterdir() if not one.name.startswith("r")
        ]


def test_a_place_that_can_be_no_project_is_refused_in_the_same_words(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q", "-b", "main")
    with Sealed(tmp_path) as daemon:
        for path, why in (
            (tmp_path / "none", "it does not exist"),
            (tmp_path / "bin", "it is no git repository"),
            (empty, "it has no commit yet, and a run needs one to go back to"),
        ):
            with pytest.raises(Cannot) as refused:
                daemon.ask(p.ProjectAdd(alias="cake", path=str(path)))
            assert str(refused.value) == f"cannot add {path}: {why}"
        (daemon.manager / "denied").touch()
        with pytest.raises(Cannot, match="Access denied"):
            daemon.ask(p.ProjectAdd(alias="cake", path=str(a_repository(tmp_path / "w"))))

        assert daemon.is_clear()


def test_a_login_is_the_agents_alone_and_a_persons_own_is_refused(tmp_path: Path) -> None:
    with Sealed(tmp_path, "--agent-claude-path=/nowhere/claude") as daemon:
        own = tmp_path / ".credentials.json"
        with pytest.raises(Cannot, match="runs see nobody's home") as refused:
            daemon.ask(p.AgentLogin(path=str(own), kind=Login.OWN))
        assert "claude setup-token" in str(refused.value.hint)

        assert daemon.ask(p.AgentLogin(secret=TOKEN)).login == "token"
        kept = daemon.secrets / "claude.json"
        assert TOKEN in kept.read_text()
        assert kept.stat().st_mode & 0o777 == 0o600
        assert not (daemon.state / "secrets").exists()
        assert daemon.ask(p.AgentShow()).login == "token"
        tried = {check.name: check.found for check in daemon.ask(p.AgentTry()).checks}
        assert tried["claude request"] == "not tried: see above"
        assert daemon.ask(p.AgentLogout()).login == ""

        assert not kept.exists()
        assert TOKEN not in daemon.log()
        assert daemon.is_clear()
        assert daemon.errands() >= Counter(keeplogin=1, droplogin=1, trial=1)


def test_what_confines_is_known_a_moment_after_the_start(tmp_path: Path) -> None:
    left = Paper(tmp_path / "else" / "runs" / "probe-1-0123abcd")
    daemon = Sealed(tmp_path)
    left.write(e.Confine(), "hush")
    with daemon:
        eventually(lambda: daemon.ask(p.Status()).confinement == "bubblewrap")
        checks = {check.name: check.found for check in daemon.ask(p.Doctor()).checks}

        assert checks["bubblewrap"] == "a sandbox was started"
        assert not left.path.exists(), "what a daemon that was killed had left"
        assert daemon.is_clear()


def test_a_workspace_is_looked_at_and_made_safe_by_units_alone(tmp_path: Path) -> None:
    with Sealed(tmp_path) as daemon:
        path = daemon.add_project("demo")
        (path / "draft").touch()
        daemon.say("demo", "```sh\necho begun; sleep 600\n```")
        eventually(lambda: daemon.errands()["probe"])
        (path / "draft").unlink()
        eventually(lambda: _at_work(daemon))
        (lock,) = _at_work(daemon)
        daemon.ask(p.Drain())
        os.kill(int(lock.read_text()), signal.SIGKILL)
        eventually(lambda: daemon.ask(p.Status()).runs == 0)

        assert daemon.errands() >= Counter(examine=1, probe=1, makesafe=1)
        eventually(daemon.is_clear)


def test_evidence_is_begun_and_checked_by_units_alone(tmp_path: Path) -> None:
    with Sealed(tmp_path) as daemon:
        path = daemon.add_project("demo")
        begun = daemon.ask(p.EvidenceWrite(project="demo"))
        (path / "EVIDENCE.md").write_text((path / "EVIDENCE.md").read_text() + "mine\n")
        found = daemon.ask(p.EvidenceCheck(project="demo", uncommitted=True))
        with pytest.raises(
            Cannot, match=r"cannot find gone in .*no branch, tag or commit"
        ) as refused:
            daemon.ask(p.EvidenceCheck(project="demo", commit="gone"))

        assert begun.section in (path / "EVIDENCE.md").read_text()
        assert any("still to be completed" in one.what for one in found.complaints)
        assert refused.value.code == "not-found"
        assert daemon.errands() >= Counter(resolve=2, recount=2, writeevidence=1)
        eventually(daemon.is_clear)


def test_what_was_kept_of_a_run_goes_by_units_whatever_its_modes_are(tmp_path: Path) -> None:
    with Sealed(tmp_path, NONE_STAY) as daemon:
        path = daemon.add_project("demo")
        kept, _ = retried(daemon, path)
        shut = daemon.runs / kept / "agent" / "shut"
        shut.mkdir()
        (shut / "file").touch()
        is_old(daemon.state, kept)
        shut.chmod(0)
        assert f"{KEPT}/{kept}" in refs(path)
        daemon.ask(p.RunPrune())

        assert not (daemon.runs / kept).exists()
        assert f"{KEPT}/{kept}" not in refs(path)
        assert daemon.errands() >= Counter(letgo=1, dispose=1, survey=1)
        eventually(daemon.is_clear)


def _at_work(daemon: Sealed) -> list[Path]:
    """Return the locks of runs whose agents have said something."""
    reports = daemon.runs.glob("r[0-9]*/events.jsonl")
    return [one.with_name("lock") for one in reports if b'"output"' in one.read_bytes()]
