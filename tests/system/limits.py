"""What a host has not, where it is below another one, and the tests that need it: found out before they are tried.

Of control groups of version 1 the kernel hands none down: root of a container could change the limits of the container.
And a container has 65,536 users, of which it can give none to one of its own.
"""

import importlib
import sys
from collections.abc import Set
from typing import Final

from tests.house.tree import ROOT
from tests.plugins.promises import Elsewhere
from tests.system.host import Host

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
gatehost = importlib.import_module("gatehost")

_BREAK: Final = "of version 2:"
# As one that asks for limits, and so gets a group of its own where its systemd can make one.
_ASK: Final = (
    *("systemd-run", "--pipe", "--wait", "--quiet"),
    *("--property=MemoryMax=1G", "--property=TasksMax=99", "sh", "-c"),
    f"""
    cat /proc/self/cgroup
    echo '{_BREAK}'
    own=$(sed -n s/^0:://p /proc/self/cgroup)/cgroup.controllers
    cat "/sys/fs/cgroup/unified$own" || cat "/sys/fs/cgroup$own" || true
    """,
)


def must_limit(host: Host, controller: str) -> None:
    """Leave out a test of limits that no unit of this host has."""
    if controller not in handed_down(host):
        raise Elsewhere(f"the kernel hands the controller {controller} to no unit of this host")


def handed_down(host: Host) -> Set[str]:
    """Return which controllers the units of a host have."""
    return seen(host.run(*_ASK).stdout)


def seen(text: str) -> Set[str]:
    """Return which controllers a unit has, by what it saw."""
    groups, _, second = text.partition(_BREAK)
    first = set[str]()
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if path.endswith(".service"):
            first.update(controllers.split(","))
    return first | set(second.split())


def must_have_users(host: Host) -> None:
    """Leave out a test of hosts that are booted in this one, each with users of its own."""
    if not gatehost.has_users(host.run("cat", "/proc/1/uid_map").stdout):
        raise Elsewhere(
            "this host has no users for another one: it is in a container with as many as one takes"
        )
