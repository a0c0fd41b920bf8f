"""The sockets of a daemon, in the real systemd: who comes first has it started, and each address is a door."""

import pytest

from tests.system.ground import Ground
from tests.system.host import Host
from tests.system.prod import PROD, SOCKETS, put_to_rest, shown

# Asks the web door at an address whether all is well, and waits for the answer.
ASKS = """
import sys, http.client
page = http.client.HTTPConnection(sys.argv[1], 3502, timeout=60)
page.request("GET", "/healthz")
print(page.getresponse().status)
"""


@pytest.fixture
def prod(machine: Host) -> Host:
    """A machine on which prod is stopped, and was never in trouble."""
    return put_to_rest(machine)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (("pmrunnerctl", "--wait", "30", "status"), "pm-runner prod"),
        (("/usr/bin/python3", "-c", ASKS, "127.0.0.1"), "200"),
    ],
    ids=("control", "web"),
)
def test_the_first_request_starts_the_daemon(
    prod: Host, request_: tuple[str, ...], answer: str
) -> None:
    prod.run("systemctl", "start", *SOCKETS)
    assert shown(prod, PROD, "ActiveState") == "inactive"
    assert answer in prod.run(*request_).stdout
    assert shown(prod, PROD, "ActiveState") == "active"


def test_a_taken_port_is_no_reason_not_to_work_and_who_has_it_is_said(prod: Host) -> None:
    server = ("/usr/bin/python3", "-m", "http.server", "--bind=127.0.0.1", "3502")
    ground = Ground(prod)
    ground.drop_in("pm-runner-web@prod.socket", "[Socket]\nListenStream=[::1]:3502\n")
    prod.run("systemd-run", "--unit=taken", *server)
    try:
        pid = shown(prod, "taken", "MainPID")
        prod.wait(lambda: "3502" in prod.run("ss", "-Hltn").stdout)
        prod.run("systemctl", "start", PROD)
        why = f"port 3502 is in use by pid {pid} (/usr/bin/python3 -m http.server"
        prod.wait(lambda: why in prod.run("pmrunnerctl", "status").stdout.replace("\n", " "))
        prod.wait(lambda: why in shown(prod, PROD, "StatusText"))
        doctor = prod.run(
            "pmrunnerctl", "doctor", user=prod.user("olga", ["pm-runner"]), check=False
        )
        assert doctor.returncode != 0
        assert why in " ".join(doctor.stdout.split())
    finally:
        prod.run("userdel", "--remove", "olga", check=False)
        prod.run("systemctl", "stop", "taken")
    try:
        prod.run("pmrunnerctl", "restart")
        assert shown(prod, SOCKETS[2], "ActiveState") == "active"
        for address in ("127.0.0.1", "::1"):
            assert prod.run("/usr/bin/python3", "-c", ASKS, address).stdout == "200\n"
    finally:
        ground.plain("pm-runner-web@prod.socket")
