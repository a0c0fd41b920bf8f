"""What an agent that was sent a message tries on a host with the package, and who could do it."""

import shlex
from collections.abc import Iterator
from typing import Final

import pytest

from tests.system.ground import DAEMON, PROJECTS, RUNS, Ground
from tests.system.host import Host

CONNECTS: Final = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"{}\")'"
# Each ends well where it was done. `{pid}` sleeps for another run, whose directory is `{run}`.
ATTACKS: Final = {
    "talk to the daemon": CONNECTS.format("/run/pm-runner/prod/control.sock"),
    "talk to it as a reader": CONNECTS.format("/run/pm-runner/prod/read.sock"),
    "talk to the manager": CONNECTS.format("/run/dbus/system_bus_socket"),
    "open the web door": "exec 3<>/dev/tcp/127.0.0.1/3502",
    "read the state": "ls /var/lib/pm-runner/state/prod | grep .",
    "read it by another's root": "ls /proc/1/root/var/lib/pm-runner/state/prod | grep .",
    "read a login": "ls -d /var/lib/pm-runner/secrets/prod",
    "read another run": "grep begun {run}/events.jsonl",
    "look into its process": "grep -z PATH /proc/{pid}/environ",
    "signal its process": "kill -0 {pid}",
    "write its workspace": f"touch {PROJECTS}/victim/written",
    "write it by a link": f"ln -s {PROJECTS}/victim/linked link && echo x > link",
    "write a release": "touch /opt/pm-runner/prod/releases/x",
    "write a configuration": "touch /etc/pm-runner/prod.toml.x",
    "plant a hook": "echo exit > .git/hooks/post-commit",
    "mark a program": "cp /usr/bin/id mark && chmod 4755 mark",
}
SCRIPT: Final = """\
try() {{ if bash -c "$2" >/dev/null 2>&1; then echo "$1: yes"; else echo "$1: no"; fi; }}
{tries}
rm -f link mark
echo work > work
"""
# The version of systemd from which on the places of agents are mounted with nosuid.
NOSUID: Final = 254
VICTIM: Final = f"{PROJECTS}/victim"


@pytest.fixture
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    machine.run("systemctl", "start", "pm-runner-web@prod.socket")
    yield ground
    ground.end()


def tries(script: dict[str, str]) -> str:
    return "\n".join(f"try {shlex.quote(name)} {shlex.quote(how)}" for name, how in script.items())


def test_an_agent_can_do_nothing_of_what_root_can_do_by_the_same_words(ground: Ground) -> None:
    victim = ground.say(ground.project("victim"), "echo begun; exec sleep 1005")
    ground.said(victim, "begun")
    (pid,) = ground.machine.run("pgrep", "--full", "--exact", "sleep 1005").stdout.split()
    words = {name: how.format(pid=pid, run=f"{RUNS}/{victim}") for name, how in ATTACKS.items()}
    script = SCRIPT.format(tries=tries(words))

    thief = ground.say(ground.project("thief"), script)
    ended = ground.ended(thief)
    assert ended["outcome"] == "succeeded", (ended, ground.printed(thief, ""))
    found = [line for name in words for line in ground.printed(thief, f"{name}: ")]
    # Later ones cannot be told to refuse it: where agents write, it marks nothing (systemd/README.md).
    if int(ground.machine.run("systemctl", "--version").stdout.split()[1]) >= NOSUID:
        found = [line.replace("mark a program: yes", "mark a program: no") for line in found]
    assert found == [f"{name}: no" for name in words]
    there = ground.machine.run("ls", "-A", VICTIM).stdout.split()
    assert there == [".git"]

    # All of it is there to be done, by who may.
    able = ground.machine.run("bash", "-c", f"mkdir /srv/try; cd /srv/try; git init -q; {script}")
    assert able.stdout.splitlines() == [f"{name}: yes" for name in words]
    there = ground.machine.run("ls", "-A", VICTIM).stdout.split()
    assert sorted(there) == [".git", "linked", "written"]

    assert ground.ctl("run", "show", victim)["alive"]
    assert ground.show(DAEMON, "NRestarts") == ["0"]
    ground.cancel(victim)
    left = ("/srv/try", "/opt/pm-runner/prod/releases/x", "/etc/pm-runner/prod.toml.x")
    ground.machine.run("rm", "-r", *left)
