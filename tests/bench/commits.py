"""Durable commits per second by waiting clients, beside a bare loop that writes the same groups.

The groups are not guessed: a disk that remembers what the store gave it says which bytes went with
which sync, and the bare loop writes and syncs exactly those, in the same directory.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.model import events as ev
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.bench.bench import Bench
from tests.bench.figures import Figure, Sample, Target, ratios

CLIENTS: Final = (10, 32, 128)
TARGET: Final = Target("ratio", 0.5, at_least=True)
TEXT: Final = "make test: what people say has some words, and it has a second line\n" * 2


class Group(NamedTuple):
    """What went to the disk with one sync: its bytes, and how many commits that was."""

    data: bytes
    commits: int


class RememberingDisk(Disk):
    """Keeps what is written to the journal, group by group. It copies nothing while it is timed."""

    def __init__(self) -> None:
        self._journals: set[int] = set()
        self._written: list[bytes | memoryview] = []

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        file = super().open(path, how, mode)
        if path.suffix == ".jsonl":
            self._journals.add(file)
        return file

    def close(self, file: int) -> None:
        self._journals.discard(file)
        super().close(file)

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        if file in self._journals:
            self._written.append(data)
        return super().write_at(file, data, offset)

    def taken(self) -> list[Group]:
        """Return what was written since the last time."""
        written, self._written = self._written, []
        return [Group(data, data.count(b"\n")) for data in map(bytes, written)]


class Round(NamedTuple):
    """Seconds for the same groups: by the store, and bare."""

    ours: float
    bare: float
    groups: list[Group]

    @property
    def commits(self) -> int:
        return sum(group.commits for group in self.groups)


def measure(bench: Bench) -> Iterator[Figure]:
    rounds = {clients: list[Round]() for clients in CLIENTS}
    for _ in range(bench.times(7, 3)):
        for clients in CLIENTS:
            each = max(1, bench.times(6400, 1280) // clients)
            rounds[clients].append(one_round(bench.fresh("commits"), clients, each))
    for clients, done in rounds.items():
        ours = [r.commits / r.ours for r in done]
        bare = [r.commits / r.bare for r in done]
        group = sum(r.commits for r in done) / sum(len(r.groups) for r in done)
        size = sum(len(g.data) for r in done for g in r.groups) / sum(r.commits for r in done)
        yield Figure(
            name="durable commits",
            case=f"{clients} waiting clients",
            unit="/s",
            ours=Sample.of(ours),
            limit=Sample.of(bare),
            against=f"write+fdatasync, {group:.1f} lines of {size:.0f} bytes a group",
            ratios=ratios(ours, bare),
            target=TARGET if clients == 32 else None,
        )


def one_round(directory: Path, clients: int, each: int) -> Round:
    """Let clients commit, `each` so many; then write what the store wrote, bare."""
    disk = RememberingDisk()
    ours, groups = asyncio.run(_commit(directory / "state", disk, clients, each))
    return Round(ours, _bare(directory / "bare", groups), groups)


async def _commit(
    state: Path, disk: RememberingDisk, clients: int, each: int
) -> tuple[float, list[Group]]:
    clock = Clock()
    store = Store(state, clock.now, release="bench", disk=disk)
    try:
        async with asyncio.TaskGroup() as house:
            life = house.create_task(store.run())
            await store.commit(ev.ProjectAdded(project="w1", alias="w1", path="/srv/w1"))
            disk.taken()

            async def client(name: int) -> None:
                for count in range(each):
                    number = name * each + count + 1
                    await said(store, number)

            began = time.perf_counter()
            async with asyncio.TaskGroup() as talking:
                for name in range(clients):
                    talking.create_task(client(name))
            seconds = time.perf_counter() - began
            groups = disk.taken()
            life.cancel()
    finally:
        store.close()
    return seconds, groups


async def said(store: Store, number: int, project: str = "w1") -> None:
    """Commit what the door commits for a `chat send`."""
    identifier = f"m{number}"
    await store.commit(
        ev.MessagePosted(message=identifier, project=project, text=TEXT, by="anna"),
        request=f"{number:032x}",
        digest=f"{number:032x}",
        reply=b"\x81\xa2id" + identifier.encode(),
    )


def _bare(path: Path, groups: list[Group]) -> float:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        offset = 0
        began = time.perf_counter()
        for data, _ in groups:
            offset += os.pwrite(file, data, offset)
            os.fdatasync(file)
        return time.perf_counter() - began
    finally:
        os.close(file)
