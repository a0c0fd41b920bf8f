"""Promotions on a host, as root sees them: releases with a fault each, papers for them, and an order as prod's daemon writes it."""

import json
from typing import Any, Final

import msgspec

from pmrunnerd.model.promotion import ENDS, Deed, Ending, Order, Stepped
from pmrunnerd.model.proof import Release
from tests.system.candidates import FAULTS, HOME, SOCKETS, TRIAL
from tests.system.ground import DAEMON, SYSTEMD
from tests.system.host import Host
from tests.unit.rules.proof import samples
from tests.unit.services.promotion.test_witness import wrote

PROMOTER: Final = "pm-runner-promote@prod.service"
ROLLBACK: Final = "pm-runner-rollback@prod.service"
# Seconds: a promotion is a rehearsal, a restart and a run, each of which a busy machine has waiting.
LONGEST: Final = 600.0
REQUEST: Final = "/var/lib/pm-runner/requests/prod/prod.json"
# The same faults, where only the real unit brings them to light: nothing else gives a daemon all of its sockets.
IN_UNIT: Final = {
    f"unit-{name}": f"import os\nif os.environ.get('LISTEN_FDS') == '3': exec({text!r})\n"
    for name, text in FAULTS.items()
}
# In there: a release like the one that runs, but for one module, under the name that its content gives it.
_COPY: Final = """
import hashlib, json, pathlib, subprocess, sys
sys.path.insert(0, "/usr/lib/pm-runner")
from contents import contents
home, fault, level = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
new = home / "releases/.new"
subprocess.run(["rm", "-rf", new], check=True)
subprocess.run(["cp", "-al", (home / "dist").resolve(), new], check=True)
subprocess.run(["rm", "-rf", new / "proof"], check=True)
main = new / "lib/pmrunnerd/main.py"
text = fault + main.read_text().replace("from __future__ import annotations", "")
for path in main.parent.glob("__pycache__/main.*"):
    path.unlink()
main.unlink()
main.write_text(text)
facts = json.loads((new / "release.json").read_text())
found = contents(new / "lib")
facts |= {"tree": found.digest, "files": found.files, "bytes": found.bytes}
facts["level"] += level
whole = hashlib.sha256((facts["source"] + " " + found.digest).encode()).hexdigest()
facts["id"] = facts["version"] + "-" + whole[:12]
for name in ("manifest", "release.json"):
    (new / name).unlink()
(new / "manifest").write_bytes(found.listing)
(new / "release.json").write_text(json.dumps(facts, indent=1) + "\\n")
release = home / "releases" / facts["id"]
subprocess.run(["rm", "-rf", release], check=True)
new.rename(release)
print(facts["id"])
"""


class Moving:
    """An environment of a host, where root promotes what is asked in the name of prod's daemon."""

    def __init__(self, machine: Host, environment: str = "prod") -> None:
        self.machine, self.environment = machine, environment
        self.daemon = DAEMON.replace("prod", environment)
        self.promoter = PROMOTER.replace("prod", environment)
        self.home = HOME.replace("prod", environment)
        self.request = f"/var/lib/pm-runner/requests/prod/{environment}.json"
        self.records = f"/var/lib/pm-runner/promote/{environment}"
        self.number = 0
        self.old = self.dist
        self.made: list[str] = []

    def make(self, fault: str = "good", *, level: int = 0) -> str:
        """Make a release with a fault and return its name; each time another one."""
        self.number += 1
        text = f"{(FAULTS | IN_UNIT)[fault]}# {self.number}\n"
        name = self.machine.run(
            "python3", "-IBSc", _COPY, self.home, text, str(level)
        ).stdout.strip()
        self.made.append(name)
        return name

    def order(self, release: str, **changed: Any) -> Order:
        """Return what prod's daemon would ask, with papers that hold."""
        self.number += 1
        text = self.machine.run("cat", f"{self.home}/releases/{release}/release.json").stdout
        facts = msgspec.json.decode(text, type=Release)
        place = self.machine.root / f"{self.records}/gates".lstrip("/")
        wrote(place, {"source": facts.source, "build": facts.tree}, {})
        said: dict[str, Any] = {
            "id": f"p{self.number}",
            "deed": Deed.PROMOTE,
            "environment": self.environment,
            "release": release,
            "by": "anna",
            "asked": 1000,
            "commit": "c" * 40,
            "git_tree": "9" * 40,
            "record": msgspec.json.encode(samples.run(source=facts.source, build=facts.tree)),
            "section": f"## {facts.source}\n\nOne line more, for the test.\n".encode(),
            "approved_by": "anna",
            "approved_at": 1000,
            "probation": 0.5,
        }
        return Order(**(said | changed))

    def ask(self, order: Order) -> None:
        """Write the order down as the daemon does."""
        text = msgspec.json.encode(order).decode()
        self.machine.run("rm", "-rf", self.request)
        write = f"umask 077; cat >{self.request}"
        self.machine.run("sh", "-c", write, input=text, user="pm-runner-prod")

    def promote(self, release: str, **changed: Any) -> str:
        """Ask for a release, have the unit see to it, and return the promotion's name."""
        order = self.order(release, **changed)
        self.ask(order)
        self.machine.run("systemctl", "start", self.promoter, check=False, timeout=LONGEST)
        return order.id

    def lines(self, name: str) -> list[Stepped]:
        file = self.machine.root / f"{self.records}/{name}/steps.jsonl".lstrip("/")
        if not file.exists():
            return []
        return [msgspec.json.decode(line, type=Stepped) for line in file.read_bytes().splitlines()]

    def steps(self, name: str) -> list[str]:
        return [str(line.step) for line in self.lines(name)]

    def drop_in(self, text: str) -> None:
        """Say more of the daemon's unit, until the end."""
        self.machine.run("mkdir", "-p", f"{SYSTEMD}/{self.daemon}.d")
        self.machine.run("tee", f"{SYSTEMD}/{self.daemon}.d/test.conf", input=text)
        self.machine.run("systemctl", "daemon-reload")

    def invocation(self) -> str:
        """Return which start of the daemon it is that runs."""
        return self.machine.run("systemctl", "show", "--property=InvocationID", self.daemon).stdout

    def ended(self, name: str) -> Ending | None:
        """Return how a promotion ended, by its last step."""
        return ENDS.get(self.lines(name)[-1].step)

    def heard(self) -> str:
        """Return what the promoter said last."""
        entries = self.machine.journal("--unit", self.promoter)
        return "".join(str(entry.get("MESSAGE", "")) for entry in entries[-3:])

    def begin(self) -> None:
        """Have prod running, with nothing on trial."""
        self.end()
        self.machine.run("systemctl", "start", self.daemon)

    def end(self) -> None:
        """Have prod stopped, running what it ran, and nothing remembered of any promotion."""
        named = (PROMOTER, ROLLBACK, DAEMON, *SOCKETS)
        units = [name.replace("prod", self.environment) for name in named]
        self.machine.run("systemctl", "stop", *units)
        self.machine.run("systemctl", "reset-failed", *units, check=False)
        self.machine.run(
            "rm", "-rf", f"{SYSTEMD}/{self.daemon}.d", f"{self.home}/previous", self.request
        )
        (self.machine.root / TRIAL.replace("prod", self.environment)).unlink(missing_ok=True)
        self.machine.run(
            "sh", "-c", f"rm -rf {self.records}/p[0-9]* {self.records}/gates/g1-unit-1.json"
        )
        self.machine.run("ln", "-sfn", f"releases/{self.old}", f"{self.home}/dist")
        for name in self.made:
            self.machine.run("rm", "-rf", f"{self.home}/releases/{name}")
        self.made.clear()
        self.machine.run("systemctl", "daemon-reload")

    @property
    def dist(self) -> str:
        return (self.machine.root / self.home.lstrip("/") / "dist").readlink().name

    def answers(self) -> str:
        """Return which release answers."""
        said = self.machine.run(
            "pmrunnerctl", "--env", self.environment, "--json", "--wait", "60", "status"
        ).stdout
        return str(json.loads(said)["release"])
