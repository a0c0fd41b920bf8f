"""A disk that has no room, and one that breaks its word: what a store of equal standing does then."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.store.commit import Commit
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.parts import (
    DyingDisk,
    SmallDisk,
    WaitingDisk,
    opened,
    project,
    running,
    said,
    texts,
)


async def outcome(commit: Commit) -> int | type[BaseException]:
    try:
        return await commit
    except PmError as error:
        return type(error)


def test_a_full_disk_refuses_what_does_not_fit_and_works_again_when_there_is_room(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        disk = SmallDisk(room=1 << 20)
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            await store.commit(said(1))
            disk.room = (tmp_path / "journal" / "00000001.jsonl").stat().st_size + 10
            with pytest.raises(Unavailable, match=r"cannot record in .*: No space left") as refused:
                await store.commit(said(2), request="r2")
            assert not isinstance(refused.value, StoreFailed)
            assert store.failed is None
            assert store.earlier("r2") is None
            assert texts(store) == ["hello"]
            assert sorted(store.ahead.messages) == ["m1"]
            assert [b.seq for b in store.conversation("p1", None, 9)] == [2]
            disk.room = 1 << 20
            assert await store.commit(said(2), request="r2") == 3

    asyncio.run(story())
    with opened(tmp_path) as store:
        assert sorted(store.state.messages) == ["m1", "m2"]


def test_what_fits_of_a_group_is_kept_and_what_was_decided_on_the_rest_is_refused(
    tmp_path: Path,
) -> None:
    async def story() -> list[int | type[BaseException]]:
        disk = SmallDisk(room=1 << 20)
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            full = (tmp_path / "journal" / "00000001.jsonl").stat().st_size
            disk.room = full + 400
            group = [store.commit(said(1)), store.commit(said(2, text="x" * 400))]
            group.append(store.commit(said(3)))
            found = [await outcome(commit) for commit in group]
            assert sorted(store.state.messages) == sorted(store.ahead.messages) == ["m1"]
            disk.room = 1 << 20
            assert await store.commit(said(3)) == 3
        return found

    assert asyncio.run(story()) == [2, Unavailable, Unavailable]


def test_what_was_queued_behind_a_refused_group_is_refused_with_it(tmp_path: Path) -> None:
    class FullOnce(WaitingDisk):
        full = False

        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            self.asked.set()
            self.let.wait()
            if self.full:
                self.full = False
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write_at(file, data, offset)

    async def story() -> list[int | type[BaseException]]:
        disk = FullOnce()
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            disk.hold()
            disk.full = True
            first = store.commit(project("p2"))
            await disk.was_asked()
            behind = store.commit(said(1, project="p2"))
            disk.let.set()
            return [await outcome(first), await outcome(behind)]

    assert asyncio.run(story()) == [Unavailable, Unavailable]


def test_the_first_sync_that_fails_is_the_last_and_nobody_is_told_yes(tmp_path: Path) -> None:
    async def story() -> None:
        disk = DyingDisk()
        with opened(tmp_path, disk=disk) as store:
            async with asyncio.TaskGroup() as house:
                life = house.create_task(_ended_with(store))
                await store.commit(project())
                disk.dead = True
                commits = [store.commit(said(count)) for count in range(1, 4)]
                waiting = house.create_task(_ended_changed(store))
                found = [await outcome(commit) for commit in commits]
            assert found == [StoreFailed] * 3
            assert life.result() is StoreFailed
            assert waiting.result() is StoreFailed
            assert isinstance(store.failed, StoreFailed)
            with pytest.raises(StoreFailed):
                store.commit(said(4))
            assert store.durable == 1
            assert not store.state.messages
        assert disk.asked_dead == 1

    asyncio.run(story())


async def _ended_with(store: Store) -> type[BaseException] | None:
    try:
        await store.run()
    except StoreFailed as error:
        return type(error)
    return None


async def _ended_changed(store: Store) -> type[BaseException] | None:
    try:
        await store.changed(1)
    except StoreFailed as error:
        return type(error)
    return None
