"""What a host is to a test: a machine of its own, with the disk and the systemd of this one."""

import pytest

from tests.house.tree import ROOT
from tests.system.host import Host


def test_a_command_that_fails_is_told_with_all_that_it_said(bare: Host) -> None:
    with pytest.raises(
        AssertionError, match=r"(?s)systemctl start moon: 5.*moon\.service not found"
    ):
        bare.run("systemctl", "start", "moon")


def test_each_service_is_up_and_none_of_this_machine_s_own_is(bare: Host) -> None:
    assert bare.run("systemctl", "is-system-running").stdout == "running\n"
    assert "enabled" not in bare.run("ls", "/etc/systemd/system").stdout


def test_a_credential_is_delivered(bare: Host) -> None:
    bare.run("tee", "/etc/secret", input="it is delivered")

    said = bare.run(
        *("systemd-run", "--pipe", "--wait", "--quiet", "--property=DynamicUser=yes"),
        *("--property=LoadCredential=it:/etc/secret", "systemd-creds", "cat", "it"),
    )

    assert said.stdout == "it is delivered"


def test_the_checkout_is_there_and_what_is_written_to_it_stays_there(bare: Host) -> None:
    bare.run("touch", ROOT / "written-in-there")

    assert (bare.root / ROOT.relative_to("/") / "written-in-there").exists()
    assert not (ROOT / "written-in-there").exists()
