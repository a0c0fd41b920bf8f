"""What root writes down of promotions: a directory for each, with its order and its steps, each durable before it counts.

Whoever starts finds the one that has no end, and goes on with it. One lock says who promotes; it is gone with its owner.
"""

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.promotion import RECORDS, STEPS, Order, Step, Stepped
from pmrunnerd.rules.promotion.spare import Past, spare
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
        _forget_papers(self.place, self._disk)


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
        every = (_well(lines) for _, lines in self._written())
        return frozenset().union(*every)

    def tidy(self, here: Collection[str], held: str) -> None:
        """Delete the papers that somebody left who was cut off, and the records that nobody needs any more.

        `here` are the releases that are there, `held` is the record that stays whatever the clock was. Raises OSError.
        """
        past = []
        for place, lines in self._written():
            if any(line.step.has_ended for line in lines):
                _forget_papers(place, self._disk)
            elif self._disk.is_file(place / ORDER):
                continue  # somebody will go on with it
            at = lines[-1].at if lines else 0.0
            past.append(Past(name=place.name, at=at, well=_well(lines)))
        for name in spare(past, here):
            if name != held:
                # Papers that come back without the steps would be a promotion to begin with.
                self._disk.sync_directory(self.place / name)
                self._disk.remove_tree(self.place / name)

    def _written(self) -> Iterator[tuple[Path, tuple[Stepped, ...]]]:
        """Yield the place of each promotion, and its steps; one that cannot be read speaks for no release."""
        for name in self._disk.names(self.place):
            place = self.place / name
            if orders.ID.fullmatch(name) and name not in orders.TAKEN:
                with contextlib.suppress(Unavailable):
                    if self._disk.is_directory(place):
                        yield place, _lines(place / STEPS)


def _well(lines: Iterable[Stepped]) -> frozenset[str]:
    return frozenset(line.release for line in lines if line.release)


def _forget_papers(place: Path, disk: Disk) -> None:
    for name in disk.names(place):
        if name != STEPS:
            disk.remove_tree(place / name)


def _lines(path: Path) -> tuple[Stepped, ...]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return ()
    try:
        return tuple(msgspec.json.decode(line, type=Stepped) for line in text.splitlines())
    except msgspec.DecodeError as exc:
        raise Unavailable(
            f"cannot promote: what was written down of {path.parent.name} cannot be read: {exc}",
            hint=f"sudo mv {path.parent} /var/tmp/   # then what is on trial decides",
        ) from exc
