"""Facts to commit, and disks of equal standing: one that counts, one that waits, one that fails."""

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pmrunnerd.model import events as ev
from pmrunnerd.model.upkeep import Restored
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store

AT = "2026-11-24T12:30:00.123Z"
RELEASE = "0.1.0"


RESTORED = Restored(
    commits=7, files=2, bytes=9, environment="", release=RELEASE, at=AT, kept="/set-aside/before"
)


def now() -> str:
    return AT


def project(name: str = "p1") -> ev.ProjectAdded:
    return ev.ProjectAdded(project=name, alias=f"alias-{name}", path=f"/{name}")


def said(count: int, *, project: str = "p1", text: str = "hello") -> ev.MessagePosted:
    return ev.MessagePosted(message=f"m{count}", project=project, text=text, by="anna")


def illegal() -> ev.PlanApproved:
    return ev.PlanApproved(plan="b404", project="p1", by="anna")


@contextmanager
def opened(directory: Path, **options: Any) -> Iterator[Store]:
    store = Store(directory, now, release=RELEASE, **options)
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def running(directory: Path, **options: Any) -> AsyncIterator[Store]:
    with opened(directory, **options) as store:
        async with asyncio.TaskGroup() as house:
            life = house.create_task(store.run())
            await asyncio.sleep(0)
            try:
                yield store
            finally:
                life.cancel()


def texts(store: Store) -> list[str]:
    return [message.text for message in store.state.messages.values()]


def filled(directory: Path, *, messages: int) -> Path:
    """Make a state of one project and some messages; return the journal's first segment."""
    with opened(directory) as store:
        store.commit(project())
        store.flush()
        for count in range(1, messages + 1):
            store.commit(said(count, text=f"message {count}"))
            store.flush()
    return directory / "journal" / "00000001.jsonl"


class CountingDisk(Disk):
    """Counts what it was asked to make durable."""

    def __init__(self) -> None:
        self.syncs = 0

    def sync(self, file: int) -> None:
        self.syncs += 1
        super().sync(file)


class WaitingDisk(Disk):
    """Makes nothing durable until it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.let.set()
        self.asked = threading.Event()

    def hold(self) -> None:
        self.let.clear()
        self.asked.clear()

    async def was_asked(self) -> None:
        await asyncio.to_thread(self.asked.wait)

    def sync(self, file: int) -> None:
        self.asked.set()
        self.let.wait()
        super().sync(file)


class DyingDisk(Disk):
    """Fails to sync once `dead`, and counts how often it is asked all the same."""

    def __init__(self) -> None:
        self.dead = False
        self.asked_dead = 0

    def sync(self, file: int) -> None:
        if self.dead:
            self.asked_dead += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)


class SmallDisk(Disk):
    """Has `room` bytes in each file, takes what fits, and then says that it is full."""

    def __init__(self, room: int, error: int = errno.ENOSPC) -> None:
        self.room = room
        self._error = error

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        left = self.room - offset
        if left <= 0:
            raise OSError(self._error, os.strerror(self._error))
        return super().write_at(file, data[:left], offset)


class SlowWriter(Disk):
    """Takes three bytes at a time and gives five."""

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        return super().write_at(file, data[:3], offset)

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        return super().read_at(file, min(size, 5), offset)


class NamingDisk(Disk):
    """Remembers the names in a directory at the moment they were made durable."""

    def __init__(self) -> None:
        self.durable: dict[Path, list[str]] = {}

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self.durable[path] = self.names(path)
