"""Whether agents can come to a web door, and whether an operator hears of it where they can."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.system.ground import DAEMON, SYSTEMD, Ground
from tests.system.host import Host
from tests.system.hostile import Dev, a_machine_of_dev_s

CHAIN: Final = ("inet", "pm-runner", "agents")
# The web door of dev at each address of the machine, with nobody behind it, and a model beside it.
DOOR: Final = {
    "pm-runner-web@dev.socket.d/to-all.conf": "[Socket]\nListenStream=\nListenStream=3503\n"
    "Service=behind.service\n",
    "behind.service": "[Service]\nExecStart=/usr/bin/sleep 1000\n",
    "model.socket": "[Socket]\nListenStream=3999\nService=behind.service\n",
}


@pytest.fixture
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    ground.begin()
    yield ground
    ground.end()
    machine.run("/usr/lib/pm-runner/guard-doors")


def confined(ground: Ground) -> str:
    """Return how status shows what confines agents, once that is known."""

    def known() -> str:
        said = str(ground.ctl("status")["confinement"])
        return "" if said.startswith("not known") else said

    return ground.machine.wait(known)


def test_status_and_doctor_say_that_only_the_token_keeps_agents_from_the_web_door(
    ground: Ground,
) -> None:
    assert confined(ground) == "bubblewrap"
    # A machine on which our rules cannot be: what is there has nothing in it, and nobody mends it.
    ground.machine.run("nft", "flush", "chain", *CHAIN)
    ground.machine.run("systemctl", "restart", DAEMON)

    open_to = "bubblewrap, but they can come to the web door at 127.0.0.1:3502"
    assert confined(ground) == open_to
    who = ground.machine.user("otto", ["pm-runner"])
    doctor = ("pmrunnerctl", "--env", "prod", "--json", "doctor")
    found = ground.machine.run(*doctor, user=who, check=False)
    assert found.returncode == 8
    checks = {row["name"]: row for row in json.loads(found.stdout)["daemon"]["checks"]}
    assert checks["agents' reach"]["state"] == "problem"

    ground.machine.run("/usr/lib/pm-runner/guard-doors")
    ground.machine.run("systemctl", "restart", DAEMON)
    assert confined(ground) == "bubblewrap"


@pytest.fixture(scope="module")
def dev(machine: Host) -> Iterator[Dev]:
    with a_machine_of_dev_s(machine) as dev:
        yield dev


@pytest.fixture
def door(dev: Dev) -> Iterator[Dev]:
    """A machine that has the web door of dev at each of its addresses, and a model."""
    run, sockets = dev.machine.run, ("pm-runner-web@dev.socket", "model.socket")
    for name, text in DOOR.items():
        run("mkdir", "-p", Path(f"{SYSTEMD}/{name}").parent)
        run("tee", f"{SYSTEMD}/{name}", input=text)
    run("ip", "address", "add", "192.0.2.7/24", "dev", "lo")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", *sockets)
    yield dev
    run("systemctl", "stop", *sockets, "behind.service")
    run("rm", "-r", *(f"{SYSTEMD}/{name}" for name in DOOR))
    run("ip", "address", "delete", "192.0.2.7/24", "dev", "lo")
    run("systemctl", "daemon-reload")
    run("/usr/lib/pm-runner/guard-doors")


def test_a_run_comes_to_a_web_door_by_no_address_of_its_machine(door: Dev) -> None:
    addresses = ("127.0.0.1", "::1", "192.0.2.7")

    def came(name: str) -> list[str]:
        directory = door.make(name)
        unit = door.start(name)
        tried = door.tried(directory)
        assert tried, door.said(unit)
        models = {tried[f"come to a model at {address}"] for address in addresses}
        assert models == {"done"}, "what is no door of ours is not our business"
        return [tried[f"come to {address}"] for address in addresses]

    shut, opened = ["ECONNREFUSED"] * 3, ["done"] * 3
    assert came("r9-shut") == shut
    door.machine.run("nft", "flush", "chain", *CHAIN)
    assert came("r9-open") == opened
    # As somebody does who loads other rules: the next run puts ours back.
    door.machine.run("nft", "flush", "ruleset")
    assert came("r9-again") == shut


def test_what_sends_notifications_comes_to_no_web_door(door: Dev) -> None:
    """The code of dev's release does, as a user that systemd made up for it."""
    knock = (
        "import socket, sys\n"
        "for port in (3999, 3503):\n"
        "    try: socket.create_connection(('127.0.0.1', port), 5); print(port)\n"
        "    except ConnectionRefusedError: print('shut')\n"
    )
    drop_in = f"{SYSTEMD}/pm-runner-notify@dev-knock.service.d"
    door.machine.run("mkdir", "-p", drop_in)
    door.machine.run("tee", "/var/cache/knock.py", input=knock)
    program = "[Service]\nExecStart=\nExecStart=/usr/bin/python3 -I /var/cache/knock.py\n"
    door.machine.run("tee", f"{drop_in}/knock.conf", input=program)
    door.machine.run("systemctl", "daemon-reload")
    try:
        # As after somebody who loads other rules.
        door.machine.run("nft", "flush", "ruleset")
        unit = door.start("knock", kind="notify")
        door.machine.wait(lambda: "shut" in door.said(unit))
        assert "3999" in door.said(unit), "what is no door of ours is not our business"
    finally:
        door.machine.run("rm", "-r", drop_in, "/var/cache/knock.py")
        door.machine.run("systemctl", "daemon-reload")
