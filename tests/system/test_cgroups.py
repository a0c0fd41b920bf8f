"""Which control groups a host has, and when somebody may sweep them away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.plugins.promises import Elsewhere
from tests.system.cgroups import (
    ASIDE,
    Hierarchy,
    directory,
    hierarchies,
    is_stale,
    name_of_owner,
    stale,
)
from tests.system.host import Host

V2 = "0::/a\n"
HYBRID = "3:cpu,cpuacct:/\n2:cpuset:/\n1:name=systemd:/b\n" + V2


def names(text: str, *, unified: bool = False) -> list[str]:
    return [hierarchy.name for hierarchy in hierarchies(text, unified=unified)]


def test_what_systemd_does_not_manage_is_left_out() -> None:
    assert names(HYBRID) == ["cpu,cpuacct", "systemd", "unified"]


def test_of_version_2_there_is_one_and_nothing_else() -> None:
    assert names(V2) == ["unified"]
    assert names(HYBRID, unified=True) == ["unified"]


def test_version_1_without_a_systemd_outside_gets_its_hierarchy() -> None:
    assert names("1:memory:/a\n") == ["memory", "systemd"]


def test_each_version_is_mounted_in_its_own_way() -> None:
    first, systemd, second = (one.mount(Path("/x")) for one in hierarchies(HYBRID))

    assert first == ["mount", "-t", "cgroup", "-o", "cpu,cpuacct", "cpu,cpuacct", "/x"]
    assert systemd == ["mount", "-t", "cgroup", "-o", "none,name=systemd,xattr", "systemd", "/x"]
    assert second == ["mount", "-t", "cgroup2", "unified", "/x"]


@pytest.mark.parametrize(
    ("path", "found"), [("/a/b", "/x/unified/a/b/me"), ("/..", "/x/unified/me")]
)
def test_a_group_lies_below_that_of_its_owner_as_far_as_it_is_seen(path: str, found: str) -> None:
    hierarchy = Hierarchy(name="unified", options="", path=path)

    assert directory(Path("/x"), hierarchy, "me") == Path(found)


def test_a_group_is_stale_once_its_owner_has_ended_though_nobody_waited_for_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as owner:
        name = name_of_owner(owner.pid)
        assert not is_stale(name)
        owner.kill()
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)

        assert is_stale(name)
        assert is_stale(f"{name}.scope")


def test_who_has_the_pid_of_an_owner_today_is_not_the_owner() -> None:
    assert is_stale(f"{name_of_owner(os.getpid())}1")


@pytest.mark.parametrize("name", ["system.slice", "pm-runner-host.1.999999999.1", "pm-runner-host"])
def test_what_is_of_others_or_of_another_pid_namespace_is_never_stale(name: str) -> None:
    assert not is_stale(name)


def test_what_is_stale_is_found_wherever_its_owner_was(tmp_path: Path) -> None:
    mine = name_of_owner(os.getpid())
    for path in ("a/b", f"a/{mine}1/inner", f"{mine}/init.scope", f"machine.slice/{mine}2.scope"):
        (tmp_path / path).mkdir(parents=True)

    assert sorted(stale(tmp_path)) == [
        tmp_path / f"a/{mine}1",
        tmp_path / f"machine.slice/{mine}2.scope",
    ]


# As root of a unit that has its group to itself, and is in it.
HAND_DOWN = """
from pathlib import Path
from tests.system.cgroups import hand_down
mounted = Path("/sys/fs/cgroup/unified")
top = mounted if mounted.is_dir() else mounted.parent
own = top / Path("/proc/self/cgroup").read_text().rpartition("0::/")[2].strip()
group = own / "of-a-host"
group.mkdir()
hand_down(group)
offered = (top / "cgroup.controllers").read_text()
assert offered and (group / "cgroup.controllers").read_text() == offered, offered
print(Path("/proc/self/cgroup").read_text().rpartition("/")[2].strip())
"""


def test_who_is_in_the_way_of_controllers_is_put_aside(bare: Host) -> None:
    top = "/sys/fs/cgroup"
    files = [f"{top}/unified/cgroup.controllers", f"{top}/cgroup.controllers"]
    if not bare.run("cat", *files, check=False).stdout.strip():
        raise Elsewhere("of version 2 this host has no controller that could be handed down")
    unit = ("systemd-run", "--pipe", "--wait", "--quiet", "--property=Delegate=yes")

    said = bare.run(*unit, f"--setenv=PYTHONPATH={ROOT}", sys.executable, "-c", HAND_DOWN)

    assert said.stdout == f"{ASIDE}\n"
