"""What root writes down of promotions: a directory for each, with its order and its steps, each durable before it counts.

Whoever starts finds the one that has no end, and goes on with it. One lock says who promotes; it is gone with its owner.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.promotion import RECORDS, STEPS, Order, Step, Stepped
from pmrunnerd.services.promotion import orders
from pmrunnerd.store.durable import Disk

LOCK: Final = "promoting.lock"
ORDER: Final = "order.json"
_READABLE: Final = 0o644
_DIRECTORY: Final = 0o755


class Busy(Exception):
    """Somebody else promotes in this environment."""


class Record:
    """One promotion: what was asked, and the steps of it."""

    def __init__(self, place: Path, order: Order, disk: Disk) -> None:
        self.place, self.order = place, order
        self._disk = disk
        self.lines = _lines(place / STEPS)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(line.step for line in self.lines)

    @property
    def has_ended(self) -> bool:
        return any(step.has_ended for step in self.steps)

    def note(self, line: Stepped) -> None:
        """Write down a step, durably. Raises OSError."""
        whole = b"".join(msgspec.json.encode(one) + b"\n" for one in (*self.lines, line))
        self._disk.replace_file(self.place / STEPS, whole, _READABLE)
        (self.place / STEPS).chmod(_READABLE)  # whatever the umask
        self.lines = (*self.lines, line)

    def forget_papers(self) -> None:
        """Delete what lies beside the release by now, or nobody needs."""
        for name in self._disk.names(self.place):
            if name != STEPS:
                self._disk.remove_tree(self.place / name)


class Records:
    """The promotions of an environment, below a root."""

    def __init__(self, root: Path, environment: str, disk: Disk) -> None:
        self.place = root / RECORDS / environment
        self._disk = disk

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who promotes here. Raises Busy, OSError."""
        file = self._disk.open(self.place / LOCK, "create")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(file)
            raise Busy from exc
        try:
            yield
        finally:
            os.close(file)

    def unfinished(self) -> Iterator[Record]:
        """Yield each promotion that has no end. Raises PmError, OSError."""
        for name in self._disk.names(self.place):
            order = self.place / name / ORDER
            if self._disk.is_file(order):
                found = Record(self.place / name, orders.decode(order.read_bytes()), self._disk)
                if not found.has_ended:
                    yield found

    def of(self, order: Order) -> Record:
        """Return the promotion that an order is about, which is kept with it from now on. Raises OSError."""
        place = self.place / order.id
        if not self._disk.is_directory(place):
            self._disk.create_directory(place, _DIRECTORY)
            place.chmod(_DIRECTORY)
            self._disk.sync_directory(self.place)
        record = Record(place, order, self._disk)
        if not record.has_ended:
            self._disk.replace_file(place / ORDER, msgspec.json.encode(order))
        return record

    def proven(self) -> frozenset[str]:
        """Return the releases that are known to have been well here, before a trial or after it."""
        return frozenset(
            line.release
            for name in self._disk.names(self.place)
            for line in _lines(self.place / name / STEPS)
            if line.release
        )


def _lines(path: Path) -> tuple[Stepped, ...]:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return tuple(msgspec.json.decode(line, type=Stepped) for line in text.splitlines())
