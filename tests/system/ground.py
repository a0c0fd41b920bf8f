"""A host on which environment `prod` runs and has projects, and what a test asks of it there."""

import json
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from tests.system.host import Host

T = TypeVar("T")

_PAUSE: Final = 0.3  # seconds
DAEMON: Final = "pm-runner@prod.service"
RUNS: Final = "/var/lib/pm-runner/runs/prod"
PROJECTS: Final = "/srv/pm-runner/projects"
SYSTEMD: Final = "/run/systemd/system"
ROOMY: Final = """\
[Service]
# However little the machine has left that runs the tests, runs begin.
Environment=PMRUNNER_RUNS_MEMORY=0 PMRUNNER_DISK_RESERVE=0 PMRUNNER_RUNS_SLOTS=4
"""


class Ground:
    """One environment of a host: what is said to it, and what comes of that."""

    def __init__(self, machine: Host) -> None:
        self.machine = machine

    def begin(self) -> None:
        """Have prod running."""
        self.drop_in(DAEMON, ROOMY)
        self.machine.run("systemctl", "start", DAEMON)

    def end(self) -> None:
        """Have it stopped, and as the package has it."""
        self.machine.run("systemctl", "stop", DAEMON)
        self.plain(DAEMON)

    def drop_in(self, unit: str, text: str) -> None:
        """Say more of a unit than the package does, until the host is gone or `plain` is called."""
        directory = f"{SYSTEMD}/{unit}.d"
        self.machine.run("mkdir", "-p", directory)
        self.machine.run("tee", f"{directory}/test.conf", input=text)
        self.machine.run("systemctl", "daemon-reload")

    def plain(self, unit: str) -> None:
        """Say of a unit what the package says."""
        self.machine.run("rm", "-rf", f"{SYSTEMD}/{unit}.d")
        self.machine.run("systemctl", "daemon-reload")

    def ctl(self, *words: str, input: str = "") -> Any:
        """Run the client as root and return what it answers."""
        said = self.machine.run(
            "pmrunnerctl", "--env", "prod", "--json", *words, input=input
        ).stdout
        return json.loads(said.splitlines()[-1])

    def project(self, name: str, *options: str) -> str:
        """Make a repository of the agents' user, and a project of it; return its name."""
        path = f"{PROJECTS}/{name}"
        git = ("git", "-C", path, "-c", "user.name=a", "-c", "user.email=a@localhost")
        self.machine.run("git", "init", "--quiet", "--initial-branch=main", path, user="pm-agent")
        self.machine.run(*git, "commit", "--quiet", "--allow-empty", "-m", "Start", user="pm-agent")
        self.ctl("project", "add", name, path, *options)
        return name

    def say(self, project: str, script: str) -> str:
        """Send a script as a message and return the run that came of it."""
        known = {row["run"]["id"] for row in self.rows()}
        self.ctl("chat", "send", project, "-", input=f"```sh name=one\n{script}\n```\n")
        return self._until(lambda: self.latest(project, *known))

    def latest(self, project: str, *but: str) -> str:
        """Return the latest run of a project but for some; nothing where there is none."""
        runs = (str(row["run"]["id"]) for row in self.rows() if row["alias"] == project)
        return next((run for run in runs if run not in but), "")

    def another(self, project: str, *but: str) -> str:
        """Wait for a run of a project that is none of some, and return it."""
        return self._until(lambda: self.latest(project, *but))

    def cancel(self, run: str) -> None:
        """Cancel a run's task, and return when nothing of the run is left."""
        self.ctl("run", "cancel", run)
        self.over(run)

    def rows(self) -> list[dict[str, Any]]:
        """Return what is known of the runs, latest first."""
        rows: list[dict[str, Any]] = self.ctl("run", "list")["runs"]
        return rows

    def ended(self, run: str) -> dict[str, Any]:
        """Wait for the end of a run and return how it ended."""
        return self._until(lambda: dict(self.ctl("run", "show", run)["run"].get("ended") or {}))

    def printed(self, run: str, text: str) -> list[str]:
        """Return the lines with a text that a run has printed."""
        events = self.machine.root / f"{RUNS}/{run}/events.jsonl".lstrip("/")
        said = (json.loads(line) for line in events.read_text().splitlines())
        printed = "".join(one["text"] for one in said if one["event"] == "output")
        return [line for line in printed.splitlines() if text in line]

    def said(self, run: str, text: str) -> None:
        """Wait until a run has printed something."""
        self.machine.wait(lambda: self.printed(run, text))

    def unit(self, run: str, *properties: str) -> list[str]:
        """Return properties of the unit of a run."""
        return self.show(f"pm-runner-run@prod-{run}.service", *properties)

    def show(self, unit: str, *properties: str) -> list[str]:
        """Return properties of a unit."""
        asked = (f"--property={name}" for name in properties)
        said = self.machine.run("systemctl", "show", *asked, unit).stdout.splitlines()
        known = dict(line.split("=", 1) for line in said)
        return [known[name] for name in properties]

    def asleep(self) -> list[str]:
        """Return the processes of agents that only sleep."""
        asked = ("pgrep", "--list-full", "--uid", "pm-agent", "--exact", "sleep")
        return self.machine.run(*asked, check=False).stdout.splitlines()

    def over(self, run: str) -> None:
        """Wait until nothing of a run's unit is there."""
        self.machine.wait(lambda: self.unit(run, "ActiveState", "Job") == ["inactive", ""])

    def _until(self, true: Callable[[], T]) -> T:
        """Ask as often as a person might: each time is a program that takes its share of the machine."""

        def asked() -> T:
            time.sleep(_PAUSE)
            return true()

        return self.machine.wait(asked)
