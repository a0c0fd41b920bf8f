"""A daemon whose runs are units and lie elsewhere; the manager is a program that starts processes."""

from pathlib import Path
from typing import Any

from pmrunnerd.model import protocol as p
from tests.fakes import units
from tests.integration.daemon import Daemon, git
from tests.unit.services.parts import eventually

SLEEP = "```sh\necho begun\nsleep 600\n```"


class OfUnits(Daemon):
    """A daemon that finds the fake manager where systemctl would be."""

    def __init__(self, home: Path) -> None:
        self.runs, self.manager = home / "elsewhere" / "runs", home / "manager"
        self.runs.mkdir(parents=True)
        self._path = units.install(home / "bin", self.manager, self.runs)
        super().__init__(home / "state", "--host=systemd", f"--runs-dir={self.runs}")

    def argv(self) -> list[str]:
        return ["env", f"PATH={self._path}", *super().argv()]

    def names(self) -> list[str]:
        """Return the directories of runs, and of nothing else that is there for a while."""
        return sorted(path.name for path in self.runs.glob("r[0-9]*"))

    def at_work(self) -> list[Path]:
        """Return the reports of the runs whose agents began."""
        reports = sorted(self.runs.glob("r[0-9]*/events.jsonl"))
        return [path for path in reports if b'"began"' in path.read_bytes()]

    def run(self, run: str) -> Any:
        return self.ask(p.RunShow(run=run))


def test_a_manager_that_says_no_fails_the_task_with_its_words(tmp_path: Path) -> None:
    with OfUnits(tmp_path) as daemon:
        daemon.add_project("cake")
        (daemon.manager / "denied").touch()
        daemon.say("cake", "```sh\ntrue\n```")

        said = daemon.until("cake", lambda entry: entry.kind == "error").text
        assert "cannot start pm-runner-run@test-r1-" in said
        assert "Access denied" in said


def test_a_run_outlives_a_daemon_that_is_killed_and_ends_with_its_task(tmp_path: Path) -> None:
    with OfUnits(tmp_path) as daemon:
        path = daemon.add_project("cake")
        daemon.say(
            "cake", "```sh name=a\necho flour > dough\n```\n```sh name=b needs=a\nsleep 600\n```"
        )
        daemon.until_kind("cake", "complete")
        eventually(lambda: len(daemon.at_work()) == 2)
        assert git(path, "show", "HEAD:dough") == "flour\n"
        assert (daemon.state / "runs").readlink() == daemon.runs
        first, second = daemon.names()

        daemon.kill()
        daemon.start()

        assert daemon.run(second).alive
        assert not daemon.run(first).alive
        daemon.ask(p.RunCancel(run=second))
        eventually(lambda: daemon.run(second).run.ended is not None)
        assert daemon.run(second).run.ended.outcome == "cancelled"
        assert not daemon.run(second).alive


def test_a_restored_state_has_its_runs_and_those_of_the_one_before_are_kept(tmp_path: Path) -> None:
    with OfUnits(tmp_path) as daemon:
        daemon.add_project("cake")
        daemon.say("cake", "```sh\necho one\n```")
        daemon.until_kind("cake", "complete")
        (first,) = daemon.names()
        assert daemon.ctl("state", "backup", str(tmp_path / "a.tar.gz")).returncode == 0
        daemon.say("cake", SLEEP)
        eventually(lambda: len(daemon.at_work()) == 2)
        (_, second) = daemon.names()

        restored = daemon.ctl("state", "restore", str(tmp_path / "a.tar.gz"))

        assert restored.returncode == 0, restored.stderr
        assert daemon.names() == [first]
        assert "one" in daemon.ctl("run", "logs", first).stdout
        (aside,) = (daemon.runs / "set-aside").iterdir()
        assert (aside / second / "spec.json").exists()
        (before,) = (daemon.state / "set-aside").glob("*/runs")
        assert before.readlink() == aside
        assert (daemon.state / "runs").readlink() == daemon.runs
