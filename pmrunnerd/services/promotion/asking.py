"""Asks root to move a release: an order in a file of ours, and the start of the one who takes it up."""

import contextlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from pmrunnerd.model.promotion import RECORDS, REQUESTS, Order
from pmrunnerd.services import lockfile, process
from pmrunnerd.services.systemctl import Systemctl
from pmrunnerd.store.durable import Disk

# The daemon of people asks, for other environments, too.
PEOPLES: Final = "prod"
# What whoever promotes holds from its first breath to its last.
LOCK: Final = "promoting.lock"
# What its sentences begin with, and so many bytes hold the last of them.
_SENTENCE: Final = re.compile(r"^(?:<[0-7]>)?pm-runner: (.*)", re.MULTILINE)
_SAYS: Final = 4096


class Root(Protocol):
    """Whoever takes orders up, as root where there is one."""

    async def start(self, environment: str) -> None:
        """Have the order for an environment taken up, or what was begun gone on with. Raises PmError, OSError, TimeoutError."""

    def is_at_work(self, environment: str) -> bool:
        """Tell whether somebody promotes there, or is about to. Raises PmError, OSError, TimeoutError."""

    def said(self, environment: str) -> str:
        """Return what it said last that is in no record, as far as that is known. Raises PmError, OSError, TimeoutError."""

    def log(self, environment: str) -> str:
        """Return the command that shows what it said."""


class Orders:
    """Our orders below a root: one file for each environment, the latest alone."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self._place = root / REQUESTS / PEOPLES
        self._is_ours = root != Path("/")  # elsewhere the package made it
        self._disk = disk or Disk()

    def path(self, environment: str) -> Path:
        """Return where an order lies."""
        return self._place / f"{environment}.json"

    def write(self, order: Order) -> None:
        """Write an order, durably, for its owner and root alone. Raises OSError."""
        if self._is_ours:
            self._disk.make_directory(self._place)
        self._disk.replace_file(self.path(order.environment), msgspec.json.encode(order))

    def withdraw(self, environment: str) -> None:
        """Take an order back that nobody needs any more. Raises OSError."""
        if self._disk.is_file(self.path(environment)):
            self._disk.remove(self.path(environment))
            self._disk.sync_directory(self._place)


class Units:
    """Root's unit, which has one name for each environment."""

    def __init__(self, systemctl: Systemctl) -> None:
        self._systemctl = systemctl

    async def start(self, environment: str) -> None:
        """Start it."""
        await self._systemctl.start(_unit(environment))

    def is_at_work(self, environment: str) -> bool:
        """Ask the manager."""
        return self._systemctl.show(_unit(environment)).is_there

    def said(self, environment: str) -> str:
        """Ask the manager, which keeps it where no disk is full."""
        return self._systemctl.show(_unit(environment)).said

    def log(self, environment: str) -> str:
        """Return the command that shows its journal."""
        return f"journalctl -n 30 -u {_unit(environment)}"


def _unit(environment: str) -> str:
    return f"pm-runner-promote@{environment}.service"


class Detached:
    """The package's launcher in a process that is nobody's child: where there is no service manager."""

    def __init__(self, launch: Callable[[], Path], root: Path) -> None:
        """`launch` returns where the launcher is. Raises PmError."""
        self._launch, self._root = launch, root
        self._printed: dict[str, int] = {}  # bytes, by environment, before the latest of ours

    async def start(self, environment: str) -> None:
        """Start it."""
        place = self._root / RECORDS / environment
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o755)  # the launcher takes none in which others could write
        file = self._file(environment)
        self._printed[environment] = file.stat().st_size if file.exists() else 0
        process.spawn_detached(
            (sys.executable, "-IBS", self._launch(), "--root", self._root, "promote", environment),
            pass_fds=(),
            log=file,
            cwd=Path("/"),
            env=os.environ,  # ours, and then that of the daemon that takes our place
        )

    def is_at_work(self, environment: str) -> bool:
        """Look whether its lock is held."""
        return lockfile.is_held(self._root / RECORDS / environment / LOCK)

    def said(self, environment: str) -> str:
        """Return the last sentence that the one printed whom we have started."""
        with contextlib.suppress(KeyError, FileNotFoundError):
            before = self._printed[environment]
            with self._file(environment).open("rb") as file:
                file.seek(max(before, file.seek(0, os.SEEK_END) - _SAYS))
                said = _SENTENCE.findall(file.read().decode(errors="replace"))
                return said[-1] if said else ""
        return ""

    def log(self, environment: str) -> str:
        """Return the command that shows what it printed."""
        return f"tail {self._file(environment)}"

    def _file(self, environment: str) -> Path:
        return self._root / RECORDS / environment / "promoting.log"
