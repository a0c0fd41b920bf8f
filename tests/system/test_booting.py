"""Hosts that are booted again, beside each other, and as another kernel would have them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.system.host import Booted, Host

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("bare system"),
    pytest.mark.usefixtures("boots"),
]


@pytest.fixture(scope="module")
def booted(boots: None) -> Iterator[Booted]:
    with Booted() as host:
        yield host


def test_a_disk_that_cannot_be_made_is_told_in_the_kernel_s_words() -> None:
    with (
        pytest.raises(AssertionError, match=r"(?s)the keeper failed:.*moon"),
        Booted(also=[Path("/tmp/moon")]),
    ):
        pass


def test_each_service_is_up_and_none_of_this_machine_s_own_is(booted: Booted) -> None:
    assert booted.run("systemctl", "is-system-running", check=False).stdout == "running\n"
    assert not list((booted.root / "etc/systemd/system").glob("*.wants/*"))


@pytest.mark.parametrize("again", [Booted.reboot, Booted.cut_power])
def test_the_disk_is_the_same_after_it_was_booted_again(
    booted: Booted, again: Callable[[Booted], None]
) -> None:
    named = ("cat", "/etc/machine-id", "/proc/sys/kernel/random/boot_id")
    before = booted.run(*named).stdout.split()
    booted.run("tee", "/etc/written-before", input="it lasts")
    booted.run("touch", "/run/written-before")
    booted.run("systemd-run", "--unit=before", "sleep", "infinity")

    again(booted)

    assert booted.run("cat", "/etc/written-before").stdout == "it lasts"
    assert booted.run("ls", "/run/written-before", check=False).returncode == 2
    assert booted.run("systemctl", "is-active", "before", check=False).stdout == "inactive\n"
    assert booted.run(*named).stdout.split()[0] == before[0]


def test_a_service_that_is_enabled_is_up_after_a_reboot(booted: Booted) -> None:
    unit = "[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
    booted.run("tee", "/etc/systemd/system/kept.service", input=unit)
    booted.run("systemctl", "enable", "kept")

    booted.reboot()

    assert booted.run("systemctl", "is-active", "kept").stdout == "active\n"


def test_two_run_beside_each_other(booted: Booted, bare: Host) -> None:
    booted.run("touch", "/etc/of-the-one")
    booted.run("systemd-run", "--unit=of-the-one", "sleep", "infinity")

    assert not (bare.root / "etc/of-the-one").exists()
    assert bare.run("systemctl", "is-active", "of-the-one", check=False).stdout == "inactive\n"
    assert "of-the-one" not in bare.run("ps", "-ef").stdout
    assert booted.run("systemctl", "is-active", "of-the-one").stdout == "active\n"


def test_where_there_are_control_groups_of_version_2_only_it_boots_as_well() -> None:
    with Booted("unified") as host:
        assert host.run("stat", "--file-system", "-c%T", "/sys/fs/cgroup").stdout == "cgroup2fs\n"
        said = host.run("systemd-run", "--pipe", "--wait", "-q", "cat", "/proc/self/cgroup").stdout
        assert "0::/system.slice/run-" in said


# What a person's machine has, and one that stays the same for years: pid 1 is a systemd.
IN_A_CONTAINER = """
from tests.system.hosts import a_host
with a_host() as host:
    host.run("tee", "/etc/written-before", input="it lasts")
    host.reboot()
    host.cut_power()
    print(host.run("cat", "/etc/written-before").stdout)
    print(host.run("systemctl", "is-system-running", check=False).stdout)
"""


@pytest.mark.elsewhere
def test_where_a_systemd_runs_already_it_is_asked_for_a_container(bare: Host) -> None:
    if not (bare.root / "usr/bin/systemd-nspawn").exists():
        pytest.skip("needs systemd-nspawn: apt-get install systemd-container")
    unit = ("systemd-run", "--pipe", "--wait", "--quiet", f"--working-directory={ROOT}")

    said = bare.run(*unit, sys.executable, "-c", IN_A_CONTAINER)

    assert said.stdout.split() == ["it", "lasts", "running"]
    bare.wait(lambda: not bare.run("find", "/sys/fs/cgroup", "-name", "pm-runner-host*").stdout)


def test_what_lies_on_another_mount_is_seen_and_what_is_written_to_it_stays_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "given").write_text("from outside")

    with Booted(also=[tmp_path]) as host:
        assert host.run("cat", tmp_path / "given").stdout == "from outside"
        host.run("tee", tmp_path / "given", input="from inside")
        host.reboot()
        assert host.run("cat", tmp_path / "given").stdout == "from inside"

    assert (tmp_path / "given").read_text() == "from outside"
