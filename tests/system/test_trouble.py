"""What an operator hears where something is wrong, and whether what is hinted helps as it is pasted."""

import json
from collections.abc import Iterator
from typing import Final

import pytest

from tests.system.host import Host
from tests.system.prod import CONFIGURATION, PROD, SOCKETS
from tests.system.test_operator import SUDO

PLACE: Final = "/srv/pm-runner/projects"


@pytest.fixture
def troubled(machine: Host) -> Iterator[tuple[Host, str]]:
    """A machine on which prod is stopped, and an operator who is not root."""
    olga = machine.user("olga", ["pm-runner"])
    machine.run("systemctl", "stop", PROD, *SOCKETS)
    machine.run("systemctl", "reset-failed", PROD, *SOCKETS, check=False)
    yield machine, olga
    (machine.root / CONFIGURATION).unlink(missing_ok=True)
    machine.run("systemd-tmpfiles", "--create", "pm-runner.conf")  # as the package brings it
    machine.run("systemctl", "stop", PROD, *SOCKETS)
    machine.run("systemctl", "reset-failed", PROD, *SOCKETS, check=False)
    machine.run("userdel", "--remove", olga, check=False)


def looked(machine: Host, user: str) -> dict[str, dict[str, str]]:
    """Return what a doctor whom somebody asks finds, by name."""
    done = machine.run("pmrunnerctl", "--json", "doctor", user=user, check=False)
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_doctor_says_why_a_unit_failed_and_where_all_else_is(troubled: tuple[Host, str]) -> None:
    machine, olga = troubled
    (machine.root / CONFIGURATION).write_text("[web]\nprot = 1\n")
    assert machine.run("systemctl", "start", PROD, check=False).returncode != 0
    found = looked(machine, olga)
    assert found["unit"]["found"].startswith("pm-runner@prod has failed: exit status 78, ")
    assert found["unit"]["hint"].startswith("sudo journalctl -u pm-runner@prod ")
    assert "which you may not read" in found["configuration"]["found"]
    assert "no setting web.prot" in looked(machine, "root")["configuration"]["found"]
    assert "/run/pm-runner/prod/control.sock" in found["control socket"]["found"]
    assert found["state"]["hint"].startswith("sudo -u pm-runner-prod ")
    assert found["installed release"]["state"] == "ok"


def test_a_configuration_that_root_s_editor_closed_is_opened_by_what_doctor_says(
    troubled: tuple[Host, str],
) -> None:
    machine, _ = troubled
    file = machine.root / CONFIGURATION
    file.write_text("[runs]\nslots = 7\n")
    machine.run("chown", "root:root", f"/{CONFIGURATION}")
    file.chmod(0o600)
    assert machine.run("systemctl", "start", PROD, check=False).returncode != 0
    said = [entry["MESSAGE"] for entry in machine.journal("--unit", PROD)]
    assert "  hint: sudo pmrunnerctl --env prod doctor" in said

    check = looked(machine, "root")["configuration"]
    assert check["found"].endswith("is closed to pm-runner-prod, whose daemon reads it")
    machine.run("sh", "-ec", check["hint"].replace("sudo ", ""))
    machine.run("systemctl", "start", PROD)


def test_doctor_names_a_release_of_which_a_byte_is_not_what_was_built(
    troubled: tuple[Host, str],
) -> None:
    machine, olga = troubled
    file = machine.root / "opt/pm-runner/prod/dist/lib/pmrunnerctl/completion.py"
    whole = file.read_bytes()
    with file.open("r+b") as there:
        there.write(bytes([whole[0] ^ 1]))
    try:
        check = looked(machine, olga)["installed release"]
    finally:
        with file.open("r+b") as there:
            there.write(whole[:1])
    assert check["state"] == "problem"
    assert "is not what was built: pmrunnerctl/completion.py" in check["found"]
    assert check["hint"].startswith("sudo /usr/lib/pm-runner/release-zero")


def test_a_webhook_that_everybody_can_read_is_told_until_it_is_closed(
    troubled: tuple[Host, str],
) -> None:
    machine, olga = troubled
    (machine.root / CONFIGURATION).write_text('[notify]\nwebhook = "https://hooks.example.org/x"\n')
    (machine.root / CONFIGURATION).chmod(0o644)
    check = looked(machine, olga)["configuration"]
    assert check["state"] == "warning"
    machine.run("bash", "-c", SUDO + check["hint"])
    assert "which you may not read" in looked(machine, olga)["configuration"]["found"]
    assert looked(machine, "root")["configuration"]["state"] == "ok"
    machine.run("systemctl", "start", PROD)


@pytest.mark.parametrize(
    "begun", ["", f"install -d -o pm-agent {PLACE}/tart", f"mkdir {PLACE}/tart"]
)
def test_what_project_add_hints_at_is_pasted_until_the_project_is_there(
    troubled: tuple[Host, str], begun: str
) -> None:
    machine, olga = troubled
    machine.run("systemctl", "start", PROD)
    machine.run("sh", "-c", begun)
    try:
        add = ("pmrunnerctl", "--json", "project", "add", "tart", f"{PLACE}/tart")
        refused = json.loads(machine.run(*add, user=olga, check=False).stderr.splitlines()[-1])
        machine.run("bash", "-c", SUDO + refused["hint"].splitlines()[0])
        assert machine.run(*add, user=olga).returncode == 0
        machine.run("pmrunnerctl", "project", "remove", "tart")
    finally:
        machine.run("rm", "--recursive", "--force", f"{PLACE}/tart")


def test_an_environment_that_is_misspelt_is_not_started_but_listed(
    troubled: tuple[Host, str],
) -> None:
    machine, olga = troubled
    for words in ("status", "doctor"):
        done = machine.run("pmrunnerctl", "--env", "typo", words, user=olga, check=False)
        assert done.returncode != 0
        assert "hint: pmrunnerctl env list" in done.stderr
        assert "start" not in done.stderr
