"""Kills a daemon at a chosen kind of moment, and says by evidence which kind it was."""

import contextlib
import os
import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pmrunnerd.store import snapshot
from pmrunnerd.store.durable import Disk
from tests.crash.diary import Crowd
from tests.integration.daemon import Daemon, environment

KINDS: Final = ("append", "snapshot", "recovery")
PATIENCE: Final = 180.0
# Seconds between two looks; what is looked for takes some thousandths.
_GLANCE: Final = 0.0005


class Target(Daemon):
    """A daemon that is started without waiting, and killed."""

    def spawn(self) -> None:
        """Start it and return at once."""
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind("")
        address = "@" + self._manager.getsockname().removeprefix(b"\0").decode()
        with (self.state / "test.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.argv(),
                env=environment(self.home) | {"NOTIFY_SOCKET": address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def is_ready_within(self, seconds: float) -> bool:
        """Wait for READY=1, for some seconds at most."""
        assert self._process is not None
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._manager.settimeout(min(left, 0.2))
            assert self._process.poll() is None, self.log()
            try:
                if self._manager.recv(4096).startswith(b"READY=1"):
                    return True
            except TimeoutError:
                continue
        return False

    def strike(self) -> bool:
        """Kill it; tell whether it had said READY=1 and nobody had heard it yet."""
        self.kill()
        self._manager.setblocking(False)
        with contextlib.closing(self._manager), contextlib.suppress(BlockingIOError):
            while True:
                if self._manager.recv(4096).startswith(b"READY=1"):
                    return True
        return False


class Storm:
    """Strikes until there are enough of each kind; `counts` has those that count."""

    def __init__(self, target: Target, crowd: Crowd, seed: int) -> None:
        self._target = target
        self._crowd = crowd
        self._dice = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.missed = 0
        self._before = (0, 0)

    def rage(self, each: int) -> None:
        """Kill it until each kind of moment was hit so often with a write in flight."""
        while any(self.counts[kind] < each for kind in KINDS):
            self._crowd.check()
            wanted = min(KINDS, key=lambda kind: (self.counts[kind] >= each, self._dice.random()))
            self._target.spawn()
            hit = self._hit(wanted)
            if hit:
                self.counts[hit] += 1
            else:
                self.missed += 1
            assert self.missed < 10 * each, self.report()

    def report(self) -> str:
        counted = sum(self.counts.values())
        kinds = ", ".join(f"{kind} {self.counts[kind]}" for kind in KINDS)
        return f"{counted} kills with a write in flight ({kinds}); {self.missed} others"

    def _hit(self, wanted: str) -> str:
        """Kill it at a moment of a kind; return which kind it was, nothing if it does not count."""
        if wanted == "recovery":
            self._until(self._has_the_state)
            if self._target.is_ready_within(self._dice.uniform(0, 0.03)):
                self._before = self._files_of_a_checkpoint()
                return self._strike_running()
            waiting = set(self._crowd.in_flight)
            was_ready = self._target.strike()
            counts = waiting & set(self._crowd.in_flight) and not was_ready
            return "recovery" if counts else ""
        assert self._target.is_ready_within(PATIENCE), self._target.log()
        self._before = self._files_of_a_checkpoint()
        if wanted == "snapshot":
            self._until(self._checkpoint_is_under_way)
        else:
            self._until(lambda: bool(self._crowd.in_flight))
            time.sleep(self._dice.uniform(0, 0.02))
        return self._strike_running()

    def _strike_running(self) -> str:
        waiting = set(self._crowd.in_flight)
        self._target.strike()
        # What was answered before the kill came was in flight no more.
        if not waiting & set(self._crowd.in_flight):
            return ""
        return "snapshot" if self._checkpoint_is_under_way() else "append"

    def _has_the_state(self) -> bool:
        """Tell whether it has taken the lock, which says who has it, and so begun to recover."""
        line = (self._target.state / "lock").read_bytes()
        return f'"pid":{self._target.pid},'.encode() in line

    def _checkpoint_is_under_way(self) -> bool:
        """Tell whether one was begun since READY: history grew, and the snapshot does not know."""
        state = self._target.state
        now = self._files_of_a_checkpoint()
        if now == self._before:
            return False
        if (state / f".{snapshot.FILE}.new").exists():
            return True
        found = snapshot.load(Disk(), state)
        known = found.columns.get("places", 0) * 8 if found else 0
        return now[0] > known

    def _files_of_a_checkpoint(self) -> tuple[int, int]:
        """Return how long history is, and when the next snapshot was last written to."""
        state, size, written = self._target.state, 0, 0
        with contextlib.suppress(FileNotFoundError):
            size = (state / "history" / "places").stat().st_size
        with contextlib.suppress(FileNotFoundError):
            written = (state / f".{snapshot.FILE}.new").stat().st_mtime_ns
        return size, written

    def _until(self, reached: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not reached():
            self._crowd.check()
            assert time.monotonic() < until, self.report()
            time.sleep(_GLANCE)  # who only looks takes the processor from daemon and clients


def still_there(state: Path) -> list[int]:
    """Return the processes that work on a state directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(state) in words:
            found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]
