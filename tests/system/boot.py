"""What becomes the systemd of a test host: it is pid 1 of new namespaces, makes the host's root, enters it.

    python -m tests.system.boot GROUP (as-here | unified) PLACE PATH…

It still sees the mounts of its keeper, and joins the control groups that the keeper made.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.system import cgroups
from tests.system.layout import Layout, mount

CLONE_NEWCGROUP: Final = 0x02000000
OLD: Final = "mnt"  # each host has this directory; the old root is there for a moment
# It says to systemd that it is in a container, so that it lets the kernel alone.
ENVIRONMENT: Final = {"container": "pm-runner-test", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
SYSTEMD: Final = ("/lib/systemd/systemd", "--log-target=console", "--log-level=warning")


def run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def enter_groups(layout: Layout, hierarchies: list[cgroups.Hierarchy], name: str) -> None:
    """Join them and see nothing above them from now on."""
    for hierarchy in hierarchies:
        group = cgroups.directory(layout.cgroups, hierarchy, name)
        (group / "cgroup.procs").write_text("0")
    # os.unshare came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWCGROUP) != 0:
        raise OSError(ctypes.get_errno(), "cannot have a namespace of control groups")


def mount_groups(layout: Layout, hierarchies: list[cgroups.Hierarchy]) -> None:
    """Mount them as systemd finds them: version 2 at the top, or below it beside version 1."""
    top = layout.root / "sys/fs/cgroup"
    if all(hierarchy.is_unified for hierarchy in hierarchies):
        run(*hierarchies[0].mount(top))
        return
    run(*mount("tmpfs", top, "mode=0755"))
    for hierarchy in hierarchies:
        (top / hierarchy.name).mkdir()
        run(*hierarchy.mount(top / hierarchy.name))
        for alias in hierarchy.name.split(","):
            if alias != hierarchy.name:
                (top / alias).symlink_to(hierarchy.name)


def main(name: str, mode: str, place: str, *apart: str) -> None:
    layout = Layout(Path(place), [Path(path) for path in apart])
    text = Path("/proc/self/cgroup").read_text()
    hierarchies = cgroups.hierarchies(text, unified=mode == "unified")
    enter_groups(layout, hierarchies, name)
    for argv in layout.host():
        run(*argv)
    mount_groups(layout, hierarchies)
    os.chdir(layout.root)
    run("pivot_root", ".", OLD)
    os.chroot(".")
    run("umount", "--lazy", f"/{OLD}")
    # Before systemd starts: otherwise LoadCredential= mounts where the service never sees it.
    run("mount", "--make-rshared", "/")
    os.execve(SYSTEMD[0], SYSTEMD, ENVIRONMENT)  # noqa: S606 - it is what this process becomes


if __name__ == "__main__":
    main(*sys.argv[1:])
