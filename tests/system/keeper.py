"""The keeper of a test host: it holds disk and control groups, boots the host, and cleans up.

It lives in a mount namespace of its own, so its disk is gone with it. It reads requests line by line:
`boot` starts the host and `kill` ends it, both are answered by one line; when there is no more to
read, whoever asked is gone, however that ended, and so are the host and the keeper.

    unshare --mount -- python -m tests.system.keeper (as-here | unified | nspawn) PATH…
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.system import cgroups
from tests.system.layout import Layout, elsewhere, place

LEASH: Final = ("setpriv", "--pdeathsig", "KILL", "--")
PATIENCE: Final = 180.0  # seconds
NAMESPACES: Final = ("--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--kill-child=KILL")
# What they set is the kernel's, and everybody's: a host of its own keeps its hands off.
MASKED: Final = ("systemd-sysctl.service", "systemd-binfmt.service")


class Keeper:
    def __init__(self, mode: str, needed: list[Path]) -> None:
        self._mode = mode
        mounts = Path("/proc/self/mountinfo").read_text()
        self._layout = Layout(place(needed), elsewhere(needed, mounts))
        self._name = cgroups.name_of_owner(os.getpid())
        self._in_container = mode == "nspawn"
        self._groups: list[Path] = []
        self._host: subprocess.Popen[bytes] | None = None
        self._first = -1  # a handle of the first of its processes

    def prepare(self) -> None:
        """Make the disk and the control groups, and sweep away those that somebody left."""
        for argv in self._layout.disk():
            subprocess.run(argv, check=True)
        make_another_machine(self._layout.root / "etc")
        here = Path("/proc/self/cgroup").read_text()
        for hierarchy in cgroups.hierarchies(here, unified=self._mode == "unified"):
            mounted = self._layout.cgroups / hierarchy.name
            mounted.mkdir(parents=True)
            subprocess.run(hierarchy.mount(mounted), check=True)
            for left in cgroups.stale(mounted):
                cgroups.remove(left)
            if self._in_container:
                continue  # it gets its group from the systemd that runs here
            group = cgroups.directory(self._layout.cgroups, hierarchy, self._name)
            group.mkdir()
            self._groups.append(group)
            if hierarchy.is_unified:
                cgroups.hand_down(group)

    def boot(self) -> int:
        """Start it and return the pid of what will be its systemd."""
        self._host = subprocess.Popen(
            [*LEASH, *(self._layout.container(self._name) if self._in_container else self._boot())],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env={**os.environ, "SYSTEMD_SECCOMP": "0"},  # units have filters of their own
        )
        while self._host.poll() is None:
            for pid in children(self._host.pid):
                if namespace(pid) not in {namespace("self"), ""}:
                    self._first = os.pidfd_open(pid)
                    return pid
            time.sleep(0.001)
        raise RuntimeError(f"cannot boot: it ended with {self._host.returncode}")

    def _boot(self) -> list[str]:
        argv = ["unshare", *NAMESPACES, "--", sys.executable, "-m", "tests.system.boot"]
        argv += [self._name, self._mode, os.fspath(self._layout.place)]
        return argv + [os.fspath(path) for path in self._layout.apart]

    def kill(self) -> None:
        """End it at once: without the first of its processes, the kernel ends all the others."""
        if self._host is None:
            return
        if self._first >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            os.close(self._first)
            self._first = -1
        self._host.wait(PATIENCE)
        self._host = None

    def clean(self) -> None:
        self.kill()
        for group in self._groups:
            cgroups.remove(group)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def namespace(pid: int | str) -> str:
    """Return which pids a process sees; nothing for one that is gone."""
    try:
        return os.fspath(Path(f"/proc/{pid}/ns/pid").readlink())
    except FileNotFoundError:
        return ""


def make_another_machine(etc: Path) -> None:
    """Give a copy of this one an id of its own, and none of its services."""
    (etc / "machine-id").unlink(missing_ok=True)
    (etc / "machine-id").write_text(f"{os.urandom(16).hex()}\n")
    units = etc / "systemd/system"
    for wants in units.glob("*.wants"):
        shutil.rmtree(wants)
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")


def main(mode: str, *needed: str) -> None:
    keeper = Keeper(mode, [Path(path) for path in needed])
    try:
        keeper.prepare()
        for line in sys.stdin:
            if line.strip() == "kill":
                keeper.kill()
            answer = keeper.boot() if line.strip() == "boot" else 0
            print(answer, flush=True)  # noqa: T201 - it answers whoever asked
    finally:
        keeper.clean()


if __name__ == "__main__":
    # A terminal interrupts all that it started; this one cleans up after them.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main(*sys.argv[1:])
