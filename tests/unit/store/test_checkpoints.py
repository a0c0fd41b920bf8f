import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.store import snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed
from tests.unit.store.parts import DyingDisk, WaitingDisk, opened, project, running, said


def reached(directory: Path) -> int:
    found = snapshot.load(Disk(), directory)
    return found.seq if found else 0


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(180):
        while not true():  # noqa: ASYNC110 - a file of another thread tells nobody
            await asyncio.sleep(0.001)


async def until_reached(directory: Path, seq: int) -> None:
    await until(lambda: reached(directory) >= seq)


def test_a_running_store_makes_one_after_so_many_commits_and_goes_on_meanwhile(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with running(tmp_path, checkpoint=10) as store:
            await store.commit(project())
            for count in range(1, 10):
                await store.commit(said(count))
            await until_reached(tmp_path, 10)
            for count in range(10, 40):
                await store.commit(said(count))
            await until_reached(tmp_path, 30)
            assert [b.seq for b in store.read(0, 100)] == list(range(1, 41))

    asyncio.run(story())
    assert reached(tmp_path) == 40


def test_many_bytes_are_as_good_a_reason_as_many_commits(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as store:
            await store.commit(project())
            for count in range(1, 11):
                await store.commit(said(count, text="x" * (1 << 20)))
            await until_reached(tmp_path, 8)

    asyncio.run(story())


def test_a_checkpoint_that_waits_for_the_disk_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    class SlowSnapshots(WaitingDisk):
        def rename(self, old: Path, new: Path) -> None:
            self.asked.set()
            self.let.wait()
            super().rename(old, new)

        def sync(self, file: int) -> None:
            Disk.sync(self, file)

    disk = SlowSnapshots()

    async def story() -> None:
        async with running(tmp_path, checkpoint=2, disk=disk) as store:
            disk.hold()
            await store.commit(project())
            await store.commit(said(1))
            await disk.was_asked()
            for count in range(2, 20):
                await store.commit(said(count))
            assert reached(tmp_path) == 0
            disk.let.set()
            await until_reached(tmp_path, 2)

    asyncio.run(story())


def test_a_store_that_closes_finishes_the_checkpoint_that_was_begun(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, checkpoint=1) as store:
            await store.commit(project())

    asyncio.run(story())
    assert reached(tmp_path) == 1


class FullForSnapshots(Disk):
    """Has no room for a snapshot while `full`."""

    def __init__(self) -> None:
        self.full = True

    def write_file(self, path: Path, data: bytes, how: str, mode: int = 0o600) -> None:
        if self.full and snapshot.FILE in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write_file(path, data, how, mode)


def test_a_full_disk_puts_it_off_until_as_much_has_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FullForSnapshots()

    async def story() -> None:
        async with running(tmp_path, checkpoint=3, disk=disk) as store:
            await store.commit(project())
            await store.commit(said(1))
            await store.commit(said(2))
            await until(lambda: "a snapshot is put off" in caplog.text)
            assert (reached(tmp_path), store.failed) == (0, None)
            disk.full = False
            for count in range(3, 6):
                await store.commit(said(count))
            await until_reached(tmp_path, 6)

    asyncio.run(story())


def test_a_sync_that_fails_for_a_snapshot_is_a_failure_like_any_other(tmp_path: Path) -> None:
    class DyingHistory(DyingDisk):
        def sync_directory(self, path: Path) -> None:
            if path.name == "history" and self.dead:
                raise OSError(5, "Input/output error")
            super().sync_directory(path)

        def sync(self, file: int) -> None:
            Disk.sync(self, file)

    disk = DyingHistory()

    async def story() -> None:
        with opened(tmp_path, checkpoint=2, disk=disk) as store:
            disk.dead = True
            async with asyncio.TaskGroup() as house:
                house.create_task(store.run())
                await store.commit(project())
                await store.commit(said(1))

    with pytest.raises(ExceptionGroup) as failed:
        asyncio.run(story())
    assert failed.group_contains(StoreFailed, match="cannot make a snapshot in", depth=1)
    with opened(tmp_path) as store:
        assert store.durable == 2
