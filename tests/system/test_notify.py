"""Notifications on a host with the package: the only outward door, and what it is kept from."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.system.ground import Ground
from tests.system.host import Host
from tests.system.test_rights import DAEMON, REFUSED

CONFIGURATION: Final = "etc/pm-runner/prod.toml"
PORT: Final = 8071
UNIT: Final = "pm-runner-notify@.service"
WEBHOOK: Final = f"http://127.0.0.1:{PORT}/hush"
# Takes what is posted, and says so in its journal.
RECEIVER: Final = f"""
import http.server, sys
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print("took", self.path, body, flush=True)
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", {PORT}), Taker).serve_forever()
"""
# Stands in the place of the program: what another user's code could do in there.
HOSTILE: Final = """\
[Service]
ExecStart=
ExecStart=/bin/sh -c '\
cat /etc/pm-runner/prod.toml && echo LET-IN configuration; \
ls /var/lib/pm-runner/state/prod && echo LET-IN state; \
ls /var/lib/pm-runner/runs/prod && echo LET-IN runs; \
ls /run/pm-runner/prod && echo LET-IN doors; \
ls /run/pm-runner-notify/prod && echo LET-IN orders; \
touch /etc/x /var/x /run/x /opt/x && echo LET-IN writing; \
kill -0 1 && echo LET-IN others; \
ls /opt/pm-runner/prod/dist/lib/pmrunnerd && echo CAN-READ its-own-code; \
id -un; echo done'
"""
SLOW: Final = """\
[Service]
ExecStartPre=/bin/sleep 2
"""
KNOCK: Final = """
import pathlib, socket, sys, time
place = pathlib.Path(sys.argv[1])
with socket.socket(socket.AF_UNIX) as line:
    line.settimeout(20)
    line.connect(str(place))
    print(repr(line.recv(4096)))
"""


@pytest.fixture(scope="module")
def ground(machine: Host) -> Iterator[Ground]:
    ground = Ground(machine)
    machine.run("systemd-run", "--unit=receiver", "/usr/bin/python3", "-c", RECEIVER)
    machine.wait(lambda: f":{PORT}" in machine.run("ss", "-Hltn").stdout)
    _configure(machine, "")
    ground.begin()
    yield ground
    ground.end()
    (machine.root / CONFIGURATION).unlink()
    machine.run("systemctl", "stop", "receiver")


def _configure(machine: Host, private: str) -> None:
    file = machine.root / CONFIGURATION
    file.write_text(
        f'[notify]\nwebhook = "{WEBHOOK}"\nprivate = ["{private}"]\n'
        if private
        else f'[notify]\nwebhook = "{WEBHOOK}"\n'
    )
    machine.run("chmod", "0640", f"/{CONFIGURATION}")
    machine.run("chown", f"root:{DAEMON}", f"/{CONFIGURATION}")


def _listed(ground: Ground) -> None:
    _configure(ground.machine, "127.0.0.0/8")
    ground.machine.run("pmrunnerctl", "reload")


def _test(machine: Host) -> dict[str, Any]:
    done = machine.run("pmrunnerctl", "--json", "notify", "test", check=False)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode == 0) is said["delivered"], done
    return said


def _taken(machine: Host) -> list[str]:
    said = (str(one["MESSAGE"]) for one in machine.journal("--unit", "receiver"))
    return [line for line in said if line.startswith("took ")]


def test_a_private_address_is_refused_until_it_is_listed_and_then_reached(ground: Ground) -> None:
    machine = ground.machine
    _configure(machine, "")
    machine.run("pmrunnerctl", "reload")
    refused = _test(machine)
    assert not refused["delivered"]
    assert "127.0.0.1: that is no public address" in refused["said"]
    assert _taken(machine) == []

    _listed(ground)
    sent = _test(machine)
    assert sent["said"] == f"http://127.0.0.1:{PORT}/… took it (204)"
    (taken,) = _taken(machine)
    assert taken.startswith("took /hush {")
    listed = ("systemctl", "list-units", "--all", "--plain", "pm-runner-notify@*")
    # It has said what came back, and ends a moment later.
    machine.wait(lambda: "pm-runner-notify@prod" not in machine.run(*listed).stdout)


def test_a_failure_is_told_by_itself_and_the_secret_is_in_no_log(ground: Ground) -> None:
    machine = ground.machine
    _listed(ground)
    known = len(_taken(machine))
    assert ground.ended(ground.say(ground.project("scone"), "exit 3"))["outcome"] == "failed"
    machine.wait(lambda: len(_taken(machine)) > known)
    assert '"what":"failure"' in _taken(machine)[-1]
    machine.wait(lambda: machine.journal("PMRUNNER_EVENT=notification-sent"))
    loud = [one for one in machine.journal() if "/hush" in str(one) and "took" not in str(one)]
    assert loud == []
    assert machine.run("grep", "-rq", "hush", "/var/lib/pm-runner", check=False).returncode == 1


def test_another_environment_s_daemon_may_not_start_it(ground: Ground) -> None:
    machine = ground.machine
    unit = "pm-runner-notify@prod-1.service"
    start = ("systemctl", "--no-ask-password", "start", unit)
    for user in ("pm-runner-dev", "pm-agent"):
        done = machine.run(*start, user=user, check=False)
        assert any(word in done.stderr.lower() for word in REFUSED), done.stderr
    for verb in ("start", "reset-failed", "stop"):
        machine.run(
            "systemctl", "--no-ask-password", verb, unit, user=DAEMON, check=verb != "reset-failed"
        )


def test_the_unit_sees_no_state_no_configuration_no_order_and_writes_nothing(
    ground: Ground,
) -> None:
    machine = ground.machine
    ground.drop_in(UNIT, HOSTILE)
    try:
        machine.run("systemctl", "start", "pm-runner-notify@prod-hostile.service")
        said: list[str] = []

        def over() -> bool:
            found = machine.journal("--unit", "pm-runner-notify@prod-hostile.service")
            said[:] = [str(one["MESSAGE"]) for one in found]
            return "done" in said

        machine.wait(over)
    finally:
        ground.plain(UNIT)
    assert [line for line in said if line.startswith("LET-IN")] == []
    assert "CAN-READ its-own-code" in said
    assert not {"root", DAEMON, "pm-agent"} & set(said)


def test_whoever_else_knocks_for_an_order_is_told_nothing(ground: Ground) -> None:
    machine = ground.machine
    _listed(ground)
    ground.drop_in(UNIT, SLOW)
    orders = machine.root / "run/pm-runner-notify/prod"
    script = (
        "pmrunnerctl --json notify test > /tmp/sent & "
        'while ! set -- /run/pm-runner-notify/prod/* || ! [ -S "$1" ]; do sleep 0.05; done; '
        'setpriv --reuid=nobody --regid=nogroup --clear-groups -- /usr/bin/python3 -c "$KNOCK" "$1"; '
        "wait; cat /tmp/sent"
    )
    try:
        done = machine.run("sh", "-c", script, env={"KNOCK": KNOCK})
    finally:
        ground.plain(UNIT)
    knocked, sent = done.stdout.splitlines()
    assert knocked == "b''"
    assert json.loads(sent)["delivered"], sent
    assert list(orders.iterdir()) == []
