"""Gates on a host with the package: made as a daemon makes them, started by it, and what was written down."""

import hashlib
import json
import shlex
from typing import Any, Final

from tests.system.host import Host

GATES: Final = "/var/lib/pm-runner/gates"
RECORDS: Final = "/var/lib/pm-runner/promote"


def digest_of(files: dict[str, str]) -> str:
    """Return the digest of a tree of plain files, spelled out here once more."""
    whole = hashlib.sha256()
    for name, text in sorted(files.items()):
        digest = hashlib.sha256(text.encode()).hexdigest()
        whole.update(f"file {digest} {name}".encode() + b"\0")
    return whole.hexdigest()


class Trials:
    """The gates of one environment of a host."""

    def __init__(self, machine: Host, environment: str = "prod") -> None:
        self.machine = machine
        self.daemon = f"pm-runner-{environment}"
        self.environment = environment
        self.number = 0
        # A daemon that is there lets go of trees that no gate run of its own judges.
        units = (f"pm-runner@{environment}.socket", f"pm-runner-web@{environment}.socket")
        machine.run("systemctl", "stop", *units, f"pm-runner@{environment}")

    def tree(self, **files: str) -> str:
        """Make a tree among those that gates judge, and return its digest; `_` in a name is a dot."""
        named = {name.replace("_", "."): text for name, text in files.items()}
        digest = digest_of(named)
        directory = f"{GATES}/{self.environment}/trees/{digest}"
        script = f"umask 027; mkdir -p {directory}; cd {directory}"
        for name, text in named.items():
            script += f"; printf %s {shlex.quote(text)} > {name}"
        self.machine.run("sh", "-c", script, user=self.daemon)
        return digest

    def make(self, command: str, **more: object) -> str:
        """Make the directory of a gate, as its daemon does, and return its name."""
        self.number += 1
        name = f"g{self.number}-{hashlib.sha256(command.encode()).hexdigest()[:4]}-one"
        spec = {
            "gate": "one",
            "command": command,
            "timeout": 60,
            "tests": "none",
            "network": False,
            "source": more.pop("source", None) or self.tree(hello_txt="hello"),
            "build": "",
            "prepared": "",
            "prepares": "",
            **more,
        }
        directory = f"{GATES}/{self.environment}/{name}"
        script = f"umask 007; mkdir {directory}; cd {directory}; touch log junit.xml told.json; umask 027; cat > spec.json"
        self.machine.run("sh", "-c", script, user=self.daemon, input=json.dumps(spec))
        return name

    def unit(self, name: str, kind: str = "gate") -> str:
        """Return the name of a gate's unit."""
        return f"pm-runner-{kind}@{self.environment}-{name}.service"

    def start(self, name: str, kind: str = "gate") -> None:
        """Have a gate started, as its daemon does."""
        words = ("systemctl", "--no-ask-password", "--no-block", "start", self.unit(name, kind))
        self.machine.run(*words, user=self.daemon)

    def more(self, name: str, *lines: str) -> None:
        """Say more of one gate's unit than the package does."""
        directory = f"/run/systemd/system/{self.unit(name)}.d"
        self.machine.run("mkdir", "-p", directory)
        self.machine.run("tee", f"{directory}/x.conf", input="\n".join(("[Service]", *lines, "")))
        self.machine.run("systemctl", "daemon-reload")

    def record(self, name: str) -> dict[str, Any]:
        """Wait for what is written down of a gate, and return it as its daemon reads it."""
        file = f"{RECORDS}/{self.environment}/gates/{name}.json"
        self.machine.wait((self.machine.root / file.lstrip("/")).exists)
        said = self.machine.run("cat", file, user=self.daemon).stdout
        return dict(json.loads(said))

    def try_(self, command: str, **more: object) -> dict[str, Any]:
        """Make a gate, have it started, and return its record."""
        name = self.make(command, **more)
        self.start(name)
        return self.record(name)

    def all(self, *commands: str, **more: object) -> list[dict[str, Any]]:
        """Have gates tried side by side, and return their records in order."""
        names = [self.make(command, **more) for command in commands]
        for name in names:
            self.start(name)
        return [self.record(name) for name in names]

    def log(self, record: dict[str, Any]) -> str:
        """Return what a gate has said."""
        file = f"{GATES}/{self.environment}/{record['name']}/log"
        return self.machine.run("cat", file, user=self.daemon).stdout
