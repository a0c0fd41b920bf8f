"""Stands outside and watches, all the time: no second run of a task, nobody at work after a run's end.

It believes the kernel (locks and processes) and the journal, and asks the daemon nothing.
"""

import threading
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Final, TypeVar

from pmrunnerd.services import lockfile
from tests.crash.processes import Process, of_runs
from tests.crash.record import Record

T = TypeVar("T")
PAUSE: Final = 0.03


class Lookout:
    """Watches from `start` to `end`. `looks` counts how often; `check` raises what was seen."""

    def __init__(self, state: Path) -> None:
        self.record = Record(state)
        self.looks = 0
        self.breaches: list[str] = []
        self._state = state
        self._buried: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lookout")

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        found = [*dict.fromkeys(self.breaches + self.record.breaches)]
        assert not found, "\n".join(found)

    def _watch(self) -> None:
        try:
            while not self._over.wait(PAUSE):
                self._look()
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            self.breaches.append(f"the lookout went blind: {error!r}")

    def _look(self) -> None:
        record = self.record
        record.read()
        over = set(record.ended)
        found = of_runs(self._state)
        self.looks += 1
        for process in found:
            # Its end was recorded before it was seen alive.
            if process.run in over and process.is_alive():
                self.breaches.append(f"{process} is at work after its run's end")
        at_work = [process for process in found if process.run in record.task_of]
        for host in (True, False):
            self._never_two([process for process in at_work if process.host is host])
        self._never_two_locks(run for run in record.active if _is_locked(self._lock(run)))
        for run in over - self._buried:
            if _is_locked(self._lock(run)):
                self.breaches.append(f"the lock of {run} is held after its end")
        self._buried |= over

    def _never_two(self, found: list[Process]) -> None:
        """No two processes of different runs of a task, or in one workspace, live at one time."""
        for one, other in combinations(found, 2):
            if one.run != other.run and self._are_rivals(one.run, other.run) and one.is_alive():
                # The first was alive before the second was seen, and is so after it.
                self.breaches.append(f"{one} and {other} are at work at once")

    def _never_two_locks(self, held: Iterable[str]) -> None:
        for one, other in combinations(held, 2):
            if self._are_rivals(one, other) and _is_locked(self._lock(one)):
                self.breaches.append(f"the locks of {one} and {other} are held at once")

    def _are_rivals(self, one: str, other: str) -> bool:
        record = self.record
        return (
            record.task_of[one] == record.task_of[other]
            or record.project_of[one] == record.project_of[other]
        )

    def _lock(self, run: str) -> Path:
        return self._state / "runs" / run / "lock"


def _is_locked(path: Path) -> bool:
    # Only one that is signed: to look at it takes it for a moment, which must not be when its first
    # holder does.
    try:
        return bool(path.read_bytes()) and lockfile.is_held(path)
    except FileNotFoundError:
        return False
