"""Which host the tests that need a real systemd have, and what it takes."""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from tests.package import once
from tests.system.here import GATE_HOST, Here
from tests.system.host import Booted, Host

# A program of each Debian package that a host needs (packaging/debian-test-packages.txt).
PROGRAMS: Final = {
    "systemctl": "systemd",
    "dbus-daemon": "dbus",
    "pkaction": "polkitd",
    "systemd-nspawn": "systemd-container",
}
SYSTEMD: Final = "systemd"
UNSAFE: Final = "--option=Dpkg::Options::=--force-unsafe-io"
# Seconds that an installation may take where others use the machine, too.
_INSTALLED: Final = 240.0


def needs(*, root: bool, which: Callable[[str], str | None] = shutil.which) -> str:
    """Return what this machine lacks to have a host, as a sentence; nothing where it has all."""
    if not root:
        return "only root boots hosts: they have mounts, namespaces and control groups of its own"
    lacks = [package for program, package in PROGRAMS.items() if which(program) is None]
    return f"needs a systemd to boot: apt-get install {' '.join(lacks)}" if lacks else ""


def way(*, init: str, gate_host: bool) -> str:
    """Return how to come by a host, by what is pid 1 of this machine.

    A systemd wants every control group for itself: below one, it is asked for a container. A host
    that was made for a gate is used as it is.
    """
    if gate_host:
        return "here"
    return "nspawn" if init == SYSTEMD else "as-here"


def a_host() -> AbstractContextManager[Host]:
    chosen = way(init=pid_1(), gate_host=GATE_HOST.exists())
    return nullcontext(plain(Here())) if chosen == "here" else Booted(chosen)


def plain(host: Host) -> Host:
    """Take away the package: the machine that tries gates has it, and so has the host that it makes for one."""
    host.run("dpkg", "--purge", "pm-runner")
    return host


def pid_1() -> str:
    return Path("/proc/1/comm").read_text().strip()


def lacks() -> str:
    return needs(root=os.geteuid() == 0)


def build_package(directory: Path) -> Path:
    """Build the package of this checkout and return it."""
    return Path(once.build(directory).splitlines()[-1])


def install(host: Host, package: Path) -> None:
    """Install a package as an operator does, with no network."""
    there = Path("/var/cache") / package.name
    shutil.copyfile(package, host.root / there.relative_to("/"))
    # Whoever looks for pages of the manual by words there may wait: it is seconds for each dpkg.
    host.run("rm", "--force", "/var/lib/man-db/auto-update")
    # What is unpacked need not survive a power cut here.
    argv = ("apt-get", "install", "--yes", "--no-install-recommends", UNSAFE, there)
    host.run(*argv, env={"DEBIAN_FRONTEND": "noninteractive"}, timeout=_INSTALLED)
