"""A release that nobody approved, as dev may have one: it tries to reach all that is not its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.system.host import Host

RELEASES: Final = "/opt/pm-runner/dev"
RUNS: Final = "/var/lib/pm-runner/runs"
# Tries everything, and writes down what came of each: nothing, or why it could not be done.
HOSTILE: Final = """\
import errno, json, os, socket, subprocess, sys

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
    for place in ("/srv/pm-runner/projects", "/opt/pm-runner/dev/src", "/srv/pm-runner/dev", "/data"):
        attempt(f"write {place}", lambda: write(f"{place}/hostile"))
    for address in ("127.0.0.1", "::1", "192.0.2.7"):
        attempt(f"come to {address}", lambda: socket.create_connection((address, 3503), 5).close())
        attempt(f"come to a model at {address}", lambda: socket.create_connection((address, 3999), 5).close())
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for env in (b"prod", b"dev"):
        forged = b"MESSAGE=forged\\nPMRUNNER_TASK=t1\\nPMRUNNER_ENV=" + env + b"\\n"
        attempt("write to the journal", lambda: journal.sendto(forged, "/run/systemd/journal/socket"))
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

    def start(self, name: str, kind: str = "run") -> str:
        """Start a run of dev's and wait for its end; return its unit."""
        unit = f"pm-runner-{kind}@dev-{name}.service"
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


@contextmanager
def a_machine_of_dev_s(machine: Host) -> Iterator[Dev]:
    """Have dev run the hostile program on it, and prod have a run at work; then all as it was."""
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
    machine.run("install", "-d", "-o", "pm-agent", "/data")
    dev = Dev(machine, run, pid.strip())
    dev.make("beside")
    yield dev
    machine.run("systemctl", "stop", "prod-host", "pm-runner@prod.socket")
    machine.run("ln", "-sfn", dist, f"{RELEASES}/dist")
    machine.run("rm", "-rf", f"{RELEASES}/releases/hostile", group)
    machine.run("find", f"{RUNS}/dev", "-mindepth", "1", "-delete")
    machine.run("rm", "-rf", "/data", "/etc/pm-runner/dev.roots")
    machine.run("find", "/srv/pm-runner", "/opt/pm-runner/dev/src", "-name", "hostile", "-delete")
