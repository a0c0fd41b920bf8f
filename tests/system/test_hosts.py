"""How the tests come by a host, by what they run on."""

import pytest

from tests.system.hosts import needs, way
from tests.system.limits import seen


def everything(program: str) -> str:
    return f"/usr/bin/{program}"


def nothing(program: str) -> None:
    return None


@pytest.mark.parametrize(
    ("init", "gate_host", "chosen"),
    [
        ("bash", False, "as-here"),
        ("systemd", False, "nspawn"),
        ("systemd", True, "here"),
        ("bash", True, "here"),
    ],
)
def test_a_host_is_booted_where_nobody_else_has_made_one(
    init: str, gate_host: bool, chosen: str
) -> None:
    assert way(init=init, gate_host=gate_host) == chosen


def test_without_root_one_is_told_why_root_is_needed() -> None:
    assert needs(root=False).startswith("only root boots hosts: they have mounts, ")


def test_what_is_missing_is_told_by_the_command_that_installs_it() -> None:
    assert needs(root=True, which=everything) == ""
    assert needs(root=True, which=nothing) == (
        "needs a systemd to boot: apt-get install systemd dbus polkitd systemd-container"
    )


@pytest.mark.parametrize(
    ("groups", "second", "found"),
    [
        ("2:memory:/system.slice/a.service\n1:pids:/\n", "", {"memory"}),
        (
            "3:cpu,cpuacct:/a.service\n0::/a.service\n",
            "memory pids\n",
            {"cpu", "cpuacct", "memory", "pids"},
        ),
        ("4:memory:/\n3:pids:/\n1:name=systemd:/\n0::/a.service\n", "\n", {""}),
    ],
)
def test_what_limits_a_unit_is_known_by_the_groups_that_it_has(
    groups: str, second: str, found: set[str]
) -> None:
    assert seen(f"{groups}of version 2:\n{second}") - {""} == found - {""}
