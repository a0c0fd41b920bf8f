"""One scenario under power cuts: what was asked and promised, and what must be true of what is left.

A scenario is a function of a `Trial`: it opens stores on `trial.disk`, asks by `trial.commit` and is
promised by `trial.flush`. Before each thing that changes the disk the power is cut, in every way
that `images` knows, and `check` opens a store on what is left. To add one, write it in
`scenarios.py` and put it into its table. Where more may be true than that a store opens and all is
there, it sets `trial.checking` to what is to be checked instead.
"""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pmrunnerd.model import events as ev
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.commit import Commit
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.crash.images import digest, images
from tests.crash.memory import MemoryDisk
from tests.unit.store.lives import seen

STATE: Final = Path("/state")
AT: Final = "2026-11-24T12:30:00.123Z"
# So that a few commits fill a segment, and few make a checkpoint due.
SEGMENT: Final = 1500


def opened(disk: Disk, checkpoint: int = 5) -> Store:
    return Store(
        STATE,
        lambda: AT,
        release="1",
        disk=disk,
        segment_limit=SEGMENT,
        checkpoint=checkpoint,
    )


def said(count: int, size: int = 20) -> ev.MessagePosted:
    return ev.MessagePosted(message=f"m{count}", project="w1", text="x" * size, by="anna")


class Trial:
    """One disk and what was asked and promised on it; every boundary is a power cut.

    `many` is how many states are tried at each boundary where all are too many, `again` the share
    of them in which the power is cut during recovery, too; `known` are those that were tried, with
    what had been promised then. `recover` is what is done with what is left, if it is not opened.
    """

    def __init__(self, dice: random.Random, *, many: int = 4, again: float = 0.02) -> None:
        self.disk = MemoryDisk()
        self.asked: list[Batch] = []
        self.promised = 0
        self.counts: Counter[str] = Counter()
        self._dice = dice
        self.known: dict[bytes, int] = {}
        self._many = many
        self.again = again
        self._plain: dict[int, dict[str, Any]] = {}
        self.checking: Callable[[MemoryDisk], None] = self.check
        self.recover: Callable[[MemoryDisk], object] = lambda disk: opened(disk).close()
        self.disk.boundary = self._cut

    # What a scenario does

    def commit(self, store: Store, *facts: ev.AnyEvent, request: str = "") -> Commit:
        """Ask for a commit; it is promised by `flush`."""
        commit = store.commit(*facts, request=request, digest="d", reply=b"yes")
        self.asked.append(commit.batch)
        return commit

    def flush(self, store: Store) -> None:
        store.flush()
        self.promised = store.durable
        assert self.promised == len(self.asked)

    def cuts_again(self, share: float) -> None:
        """Have the power cut again in more states than elsewhere: there are few, or each is small."""
        self.again = max(self.again, share)

    # What is checked

    def finish(self) -> None:
        """Cut the power once more, after all is done and promised."""
        self._cut()

    def _cut(self, disk: MemoryDisk | None = None) -> None:
        self.counts["moments"] += 1
        again = disk is not None
        for image in images(disk or self.disk, self._dice, self._many):
            key = digest(image)
            if self.known.get(key, -1) >= self.promised:
                continue
            self.counts["states"] += key not in self.known
            self.known[key] = self.promised
            # What a recovery leaves when the power is cut again is tried for some of them.
            if not again and self._dice.random() < self.again:
                self._cut_again(image)
            self.checking(image)

    def _cut_again(self, image: MemoryDisk) -> None:
        """Cut the power again and again while somebody goes on with what was left."""
        twin = next(images(image, self._dice, 0))
        twin.boundary = lambda: self._cut(twin)
        self.recover(twin)

    def check(self, image: MemoryDisk) -> None:
        """Open what is left, and see that no promise was broken and everything goes on."""
        store = opened(image)
        found = store.read(0, 1000)
        assert len(found) >= self.promised, f"{self.promised} were promised, {len(found)} are there"
        assert found == self.asked[: len(found)], "what is there was asked for, once and in order"
        for batch in found:
            if batch.request:
                earlier = store.earlier(batch.request)
                assert earlier is not None
                assert earlier.seq == batch.seq
        assert seen(store) == self._plainly_seen(len(found))
        goes_on = store.commit(ev.DaemonStarted(release="2", pid=2))
        store.flush()
        assert goes_on.seq == len(found) + 1
        store.close()
        again = opened(image)
        assert again.durable == len(found) + 1

    def _plainly_seen(self, count: int) -> dict[str, Any]:
        """Return what is seen of a store that reads the same commits, and has no caches."""
        if count not in self._plain:
            disk = MemoryDisk()
            disk.make_directory(STATE / "journal")
            lines = b"".join(encode(batch) for batch in self.asked[:count])
            disk.write_file(STATE / "journal" / "00000001.jsonl", lines, "new")
            store = Store(STATE, lambda: AT, release="1", disk=disk, checkpoint=10**6)
            self._plain[count] = seen(store)
        return self._plain[count]


def quiet(trial: Trial, work: Callable[[], object]) -> None:
    """Do something while the power stays on, and make all of it durable."""
    cut, trial.disk.boundary = trial.disk.boundary, lambda: None
    work()
    trial.disk.sync_all()
    trial.disk.boundary = cut


Scenario = Callable[[Trial], None]
