"""What a run host that nobody approved can reach of the others: dev's is any code, and the same user's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.system.host import Host

RELEASES: Final = "/opt/pm-runner/dev"
RUNS: Final = "/var/lib/pm-runner/runs"
# Tries everything, and writes down what came of each: nothing, or why it could not be done.
HOSTILE: Final = """\
import errno, json, os, signal, subprocess, sys

def main(words):
    directory = words[0]
    state, prod = "/var/lib/pm-runner", "/var/lib/pm-runner/runs/prod"
    run, pid = open(directory + "/told").read().split()
    tried = {}

    def attempt(name, deed):
        try:
            deed()
            tried[name] = "done"
        except OSError as why:
            tried[name] = errno.errorcode[why.errno]

    def write(path):
        with open(path, "w") as file:
            file.write("hostile")

    attempt("read a run of prod", lambda: open(f"{prod}/{run}/spec.json").read())
    attempt("write a run of prod", lambda: write(f"{prod}/{run}/hostile"))
    attempt("list logins of prod", lambda: os.listdir(f"{state}/secrets/prod"))
    attempt("signal a run host of prod", lambda: os.kill(int(pid), 0))
    attempt("look into its files", lambda: os.listdir(os.path.join("/proc", pid, "root")))
    attempt("see the sockets", lambda: os.stat("/run/pm-runner/prod"))
    attempt("see the states", lambda: os.stat(f"{state}/state"))
    attempt("write beside it", lambda: write(f"{directory}/../beside/hostile"))
    attempt("list what is beside it", lambda: os.listdir(f"{directory}/../beside"))
    attempt("change a login", lambda: write(f"{state}/secrets/dev/hostile"))
    attempt("write its own", lambda: write(f"{directory}/own"))
    undo = ["unshare", "--user", "--map-root-user", "--mount", "umount", state]
    tried["take the walls away"] = subprocess.run(undo, stderr=subprocess.PIPE).returncode
    files = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    tried["directories open"] = [os.readlink(file) for file in files if os.path.isdir(file)]
    with open(directory + "/events.jsonl", "w") as file:
        json.dump(tried, file)
    return 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@dataclass
class Dev:
    """A machine on which dev's release is the hostile program, and prod has a run at work."""

    machine: Host
    run: str
    pid: str

    def make(self, name: str) -> str:
        """Make the directory of a run of dev's, as its daemon does, and return it."""
        directory = f"{RUNS}/dev/{name}"
        script = (
            f"umask 007; mkdir {directory}; cd {directory}; touch events.jsonl lock; cat > told"
        )
        told = f"{self.run} {self.pid}"
        self.machine.run("sh", "-c", script, user="pm-runner-dev", input=told)
        return directory

    def start(self, name: str) -> str:
        """Start a run of dev's and wait for its end; return the result of its unit."""
        unit = f"pm-runner-run@dev-{name}.service"
        self.machine.run("systemctl", "start", unit)
        self.machine.wait(lambda: self._state(unit) == "inactive")
        return unit

    def tried(self, directory: str) -> dict[str, Any]:
        """Return what came of each attempt; nothing where none was made."""
        said = self.machine.run("cat", f"{directory}/events.jsonl").stdout
        return dict(json.loads(said or "{}"))

    def said(self, unit: str) -> str:
        """Return what a run has said to the journal."""
        return "".join(entry["MESSAGE"] for entry in self.machine.journal("--unit", unit))

    def _state(self, unit: str) -> str:
        asked = ("systemctl", "show", "--property=ActiveState", "--value", unit)
        return self.machine.run(*asked).stdout.strip()


@pytest.fixture(scope="module")
def dev(machine: Host) -> Iterator[Dev]:
    lib = f"{RELEASES}/releases/hostile/lib/pmrunnerd"
    dist = machine.run("readlink", f"{RELEASES}/dist").stdout.strip()
    machine.run("mkdir", "-p", f"{lib}/runhost")
    machine.run("cp", f"{RELEASES}/dist/release.json", f"{RELEASES}/releases/hostile/")
    machine.run("touch", f"{lib}/__init__.py", f"{lib}/runhost/__init__.py")
    machine.run("tee", f"{lib}/runhost/__main__.py", input=HOSTILE)
    machine.run("ln", "-sfn", "releases/hostile", f"{RELEASES}/dist")
    machine.run("systemctl", "start", "pm-runner@prod.socket")
    # A process in a run directory of prod's, as a run host is: of the agents' user.
    run, group = "r1-prod", f"{RUNS}/prod/r1-prod"
    script = f"umask 007; mkdir {group}; echo secret > {group}/spec.json"
    machine.run("sh", "-c", script, user="pm-runner-prod")
    machine.run("systemd-run", "--unit=prod-host", "--uid=pm-agent", "sleep", "1000")
    pid = machine.run("systemctl", "show", "--property=MainPID", "--value", "prod-host").stdout
    dev = Dev(machine, run, pid.strip())
    dev.make("beside")
    yield dev
    machine.run("systemctl", "stop", "prod-host", "pm-runner@prod.socket")
    machine.run("ln", "-sfn", dist, f"{RELEASES}/dist")
    machine.run("rm", "-rf", f"{RELEASES}/releases/hostile", group)
    machine.run("find", f"{RUNS}/dev", "-mindepth", "1", "-delete")


def test_a_link_in_place_of_a_run_directory_delivers_nothing(dev: Dev) -> None:
    link, there = f"{RUNS}/dev/link", f"{RUNS}/dev/r2-there"
    dev.make("r2-there")
    dev.machine.run("ln", "-s", there, link, user="pm-runner-dev")

    unit = dev.start("link")

    assert dev.tried(there) == {}
    assert "cannot run dev-link" in dev.said(unit)
    unit = dev.start("r2-there")
    assert dev.tried(there), f"the same directory by its own name: {dev.said(unit)}"


def test_an_errand_may_clear_up_beside_it_and_is_told_by_a_file_of_the_daemon_s(dev: Dev) -> None:
    run, errand = dev.make("r6-run"), dev.make("r7-errand")
    dev.machine.run("touch", f"{errand}/errand.json", user="pm-runner-dev")
    dev.machine.run("touch", f"{run}/errand.json")
    dev.machine.run("chown", "pm-agent", f"{run}/errand.json")

    for name in ("r6-run", "r7-errand"):
        dev.start(name)

    for what in ("write beside it", "change a login"):
        assert dev.tried(run)[what] == "EROFS", "anybody could say that it is one"
        assert dev.tried(errand)[what] == "done"
    assert dev.tried(errand)["write a run of prod"] == "ENOENT"


def test_a_directory_of_somebody_else_is_no_run_s(dev: Dev) -> None:
    directory = dev.make("r3-taken")
    dev.machine.run("chown", "pm-agent", directory)

    unit = dev.start("r3-taken")

    assert dev.tried(directory) == {}
    assert "belongs to uid" in dev.said(unit)
    dev.machine.run("chown", "pm-runner-dev", directory)
    dev.start("r3-taken")
    assert dev.tried(directory), dev.said(unit)


def test_code_that_nobody_approved_reaches_no_run_of_another_environment(dev: Dev) -> None:
    directory = dev.make("r4-walls")
    dev.start("r4-walls")
    behind = dev.tried(directory)

    # The same program, the same user and group: what the walls alone keep it from.
    program = f"{RELEASES}/dist/lib/pmrunnerd/runhost/__main__.py"
    uid = dev.machine.run("id", "-u", "pm-agent").stdout.strip()
    become = ("setpriv", f"--reuid={uid}", "--regid=pm-agent", "--groups=pm-run", "--")
    free = dev.make("r5-free")
    dev.machine.run(*become, "python3", "-I", program, free)
    without = dev.tried(free)

    reached = {name for name, what in without.items() if what == "done"}
    assert reached >= {
        "read a run of prod",
        "write a run of prod",
        "list logins of prod",
        "signal a run host of prod",
        "look into its files",
        "see the sockets",
        "see the states",
        "write beside it",
        "change a login",
        "write its own",
    }
    gone = dict.fromkeys(reached, "ENOENT")
    known = {
        "write its own": "done",
        "list what is beside it": "done",
        "write beside it": "EROFS",
        "change a login": "EROFS",
    }
    seen = {name: what for name, what in behind.items() if name in reached}
    assert seen == gone | {"signal a run host of prod": "ESRCH"} | known
    assert behind["take the walls away"] != 0
    assert behind["directories open"] == []
