"""A test host: this machine's own systemd, booted as pid 1 on a disk that nobody else has.

    with Booted() as host:
        host.run("systemctl", "is-system-running")

Nothing of it lasts, however its process ends: keeper.py sees to that. Where its disk lies is in
layout.py, what happens before its systemd starts in boot.py.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeVar

from tests.house.tree import ROOT

T = TypeVar("T")

PATIENCE: Final = 180.0  # seconds, for what takes one
ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "SYSTEMD_PAGER": "cat",
}
UP: Final = frozenset({"running", "degraded"})


class Host:
    """What a test does with a host that runs."""

    @property
    def root(self) -> Path:
        """Its root as seen from outside. An absolute symlink in there leads outside, as anywhere."""
        raise NotImplementedError

    def entering(self) -> Sequence[str]:
        """Return the words that stand before a command to have it run in there, as root, in /."""
        raise NotImplementedError

    def reboot(self) -> None:
        """Shut it down, and boot it again with the same disk."""
        raise NotImplementedError

    def cut_power(self) -> None:
        """End all its processes at once, and boot it again; nothing that they wrote is lost."""
        raise NotImplementedError

    def command(
        self, *argv: str | Path, user: str = "root", env: Mapping[str, str] | None = None
    ) -> list[str]:
        """Return a command of this machine that runs this one in there, as that user."""
        name, uid, gid, home = self._account(user)
        known = {**ENVIRONMENT, "HOME": home, "USER": name, "LOGNAME": name, **(env or {})}
        become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--init-groups", "--"]
        return [
            *self.entering(),
            *(become if user != "root" else []),
            *("env", "--ignore-environment"),
            *(f"{key}={value}" for key, value in known.items()),
            *(os.fspath(word) for word in argv),
        ]

    def run(
        self,
        *argv: str | Path,
        user: str = "root",
        input: str = "",
        check: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises AssertionError with all it said if it fails, unless told."""
        done = subprocess.run(
            self.command(*argv, user=user, env=env),
            input=input,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        said = f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0 or not check, said
        return done

    def _account(self, user: str) -> tuple[str, str, str, str]:
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, _, home, _ = line.split(":")
            if user in {name, uid}:
                return name, uid, gid, home
        raise AssertionError(f"there is no user {user}")

    def user(self, name: str, groups: Sequence[str] = ()) -> str:
        """Make a person with a home and return the name."""
        self.run("useradd", "--create-home", "--groups", ",".join(groups), name)
        return name

    def kill(self, pid: int) -> None:
        """Kill a process, by its pid in there."""
        self.run("kill", "-KILL", str(pid))

    def journal(self, *args: str) -> list[dict[str, Any]]:
        """Return entries of the journal, all that was said until now among them."""
        self.run("journalctl", "--sync")
        said = self.run("journalctl", "--quiet", "--output=json", *args).stdout
        return [json.loads(line) for line in said.splitlines()]

    def wait(self, true: Callable[[], T], timeout: float = PATIENCE) -> T:
        """Return what the callable says once it says something; many times in each second it may.

        Most is there at once, or takes a while: who asks runs a program, and takes from what is waited for.
        """
        until, pause = time.monotonic() + timeout, 0.02
        while not (answer := true()):
            assert time.monotonic() < until, f"{true} said {answer} for {timeout} seconds"
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        return answer


class Booted(Host):
    """One that was booted for this test run; it ends with the block, or with this process."""

    def __init__(self, mode: str = "as-here", *, also: Sequence[Path] = ()) -> None:
        """Boot it as keeper.py knows to; `also` is to be seen in there, wherever it lies."""
        self._mode = mode
        self._needed = [os.fspath(ROOT), sys.prefix, sys.base_prefix, *map(os.fspath, also)]
        self._keeper: subprocess.Popen[str] | None = None
        self._pid: int | None = None
        self._console: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> Self:
        argv = ["unshare", "--mount", "--propagation", "private", "--", sys.executable]
        argv += ["-m", "tests.system.keeper", self._mode, *self._needed]
        self._keeper = subprocess.Popen(
            argv,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._console,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests: the keeper learns of their end
        )
        try:
            self._boot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._keeper is not None
        self._pid = None
        with self._console:
            with self._keeper:
                pass  # it reads no more, cleans up and ends, and is waited for
            said = self.console()
        assert self._keeper.returncode == 0, f"the keeper failed:\n{said}"

    @property
    def pid(self) -> int:
        """The pid of its systemd, outside."""
        assert self._pid is not None, "it does not run"
        return self._pid

    @property
    def keeper(self) -> int:
        """The pid of what holds its disk and ends with it."""
        assert self._keeper is not None, "it was never booted"
        return self._keeper.pid

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self.pid}/root")

    def entering(self) -> Sequence[str]:
        return ["nsenter", "--target", str(self.pid), "--all", "--"]

    def console(self) -> str:
        """Return what keeper and systemd have said."""
        size = os.fstat(self._console.fileno()).st_size
        return os.pread(self._console.fileno(), size, 0).decode(errors="replace")

    def reboot(self) -> None:
        self.run("systemctl", "--no-block", "poweroff")
        systemd = Path(f"/proc/{self.pid}")
        self.wait(lambda: not systemd.exists(), timeout=2 * PATIENCE)
        self.cut_power()

    def cut_power(self) -> None:
        self._pid = None
        self._ask("kill")
        self._boot()

    def _boot(self) -> None:
        self._pid = int(self._ask("boot"))
        until = time.monotonic() + PATIENCE
        # Entered before there is a systemd, one would be in this machine still.
        while self._first_process() != "systemd" or not self._is_up():
            assert time.monotonic() < until, f"it does not come up:\n{self.console()}"
            time.sleep(0.02)

    def _first_process(self) -> str:
        try:
            return Path(f"/proc/{self._pid}/comm").read_text().strip()
        except FileNotFoundError:
            raise AssertionError(f"it has ended:\n{self.console()}") from None

    def _is_up(self) -> bool:
        state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        return state in UP

    def _ask(self, request: str) -> str:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(f"{request}\n")
        self._keeper.stdin.flush()
        answer = self._keeper.stdout.readline()
        assert answer, f"the keeper failed:\n{self.console()}"
        return answer
