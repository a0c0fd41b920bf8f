"""Releases to be put on trial on a host: the one that runs, and a fault of its own in what starts first."""

import json
import time
from typing import Final

from tests.system.ground import DAEMON, SYSTEMD
from tests.system.host import Host

HOME: Final = "/opt/pm-runner/prod"
TRIAL: Final = "var/lib/pm-runner/promote/prod/trial.json"
SOCKETS: Final = (
    "pm-runner@prod.socket",
    "pm-runner-read@prod.socket",
    "pm-runner-web@prod.socket",
)
# READY=1 is said by hand: these do not come so far as to say it themselves.
_READY: Final = """
import os, socket, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
    said.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
"""
# What the module that a release is entered by begins with.
FAULTS: Final = {
    "good": "",
    "exits": "raise SystemExit(1)\n",
    "raises": "raise ImportError('no such thing')\n",
    "hangs": "import time\ntime.sleep(1000)\n",
    "dies": f"{_READY}time.sleep(0.2)\nos.kill(os.getpid(), 11)\n",
    "starts-nobody": "import pmrunnerd.services.systemctl as asks\nasks.Systemctl.start = None\n",
    "wedges": f"{_READY}time.sleep(1000)\n",
    "eats": "ballast = b'x' * (512 << 20)\n",
}
# In there: all files of the release that runs, but for one module and its byte code, which nobody compares.
_COPY: Final = """
import json, os, pathlib, subprocess, sys
home, name, fault = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
release = home / "releases" / name
subprocess.run(["cp", "-al", (home / "dist").resolve(), release], check=True)
main = release / "lib/pmrunnerd/main.py"
text = fault + main.read_text().replace("from __future__ import annotations", "")
for path in (main, *main.parent.glob("__pycache__/main.*"), release / "release.json"):
    facts = json.loads(path.read_text()) if path.suffix == ".json" else None
    path.unlink()
main.write_text(text)
files = [path for path in (release / "lib").rglob("*") if path.is_file()]
facts |= {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
(release / "release.json").write_text(json.dumps(facts))
"""
_BEGIN: Final = """
import sys; sys.path.insert(0, "/usr/lib/pm-runner")
import switching, trial
sys.exit(switching.begin(trial.Trial("prod"), sys.argv[1], sys.argv[2]) or 0)
"""


class Candidates:
    """Environment prod of a host, where releases are put on trial."""

    def __init__(self, machine: Host) -> None:
        self.machine = machine
        self.number = 0
        self.stay()
        self.old = self.dist

    def make(self, fault: str) -> str:
        """Make a release with a fault and return its name."""
        self.number += 1
        name = f"9-{fault}{self.number}"
        self.machine.run("python3", "-c", _COPY, HOME, name, FAULTS[fault])
        return name

    def put_on_trial(self, fault: str) -> str:
        """Have `dist` point to such a release, and return its name."""
        name = self.make(fault)
        self.machine.run("python3", "-IBSc", _BEGIN, f"p{self.number}", name)
        assert self.dist == name
        return name

    def stay(self) -> None:
        """Have prod stopped, with nothing on trial and nothing remembered of it."""
        self.machine.run("systemctl", "stop", DAEMON, *SOCKETS)
        self.machine.run("systemctl", "stop", "pm-runner-rollback@prod", "pm-runner-settle@prod")
        self.machine.run("systemctl", "reset-failed", DAEMON, *SOCKETS, check=False)
        (self.machine.root / TRIAL).unlink(missing_ok=True)
        self.machine.run("rm", "-rf", f"{SYSTEMD}/{DAEMON}.d", f"{HOME}/previous")
        self.machine.run("systemctl", "daemon-reload")

    def clear(self) -> None:
        """Have it as it was."""
        self.stay()
        self.machine.run("ln", "-sfn", f"releases/{self.old}", f"{HOME}/dist")
        self.machine.run("sh", "-c", f"rm -rf {HOME}/releases/9-*")

    @property
    def dist(self) -> str:
        return (self.machine.root / HOME.lstrip("/") / "dist").readlink().name

    def says(self, *names: str) -> list[object]:
        record = json.loads((self.machine.root / TRIAL).read_text())
        return [record[name] for name in names]

    def shows(self, unit: str, *names: str) -> list[str]:
        asked = (f"--property={name}" for name in names)
        said = self.machine.run("systemctl", "show", *asked, unit).stdout.splitlines()
        known = dict(line.split("=", 1) for line in said)
        return [known[name] for name in names]

    def seconds_to_be_up(self) -> float:
        """Start it, and return after how long a daemon says that it is ready, of whichever release."""
        began = time.monotonic_ns() // 1000
        self.machine.run("systemctl", "start", DAEMON, check=False)
        self.machine.wait(lambda: self.shows(DAEMON, "ActiveState", "Job") == ["active", ""])
        (up,) = self.shows(DAEMON, "ActiveEnterTimestampMonotonic")
        return (int(up) - began) / 1e6

    def answers(self) -> bool:
        return "pm-runner prod" in self.machine.run("pmrunnerctl", "--wait", "60", "status").stdout

    def heard(self, unit: str) -> list[str]:
        return [str(entry.get("MESSAGE", "")) for entry in self.machine.journal("--unit", unit)]
