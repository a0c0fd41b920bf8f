import asyncio
import errno
import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.commit import Commit, Earlier
from pmrunnerd.store.store import Store
from tests.unit.store.parts import (
    AT,
    RELEASE,
    CountingDisk,
    WaitingDisk,
    now,
    opened,
    project,
    running,
    said,
    texts,
)


def test_nothing_is_readable_before_the_sync_returned(tmp_path: Path) -> None:
    async def story() -> None:
        disk = WaitingDisk()
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            disk.hold()
            commit = store.commit(said(1), request="r1")
            async with asyncio.TaskGroup() as house:
                waiting = [
                    house.create_task(commit.durable()),
                    house.create_task(store.reply("r1")),
                    house.create_task(store.changed(1)),
                ]
                await disk.was_asked()
                assert not any(task.done() for task in waiting)
                assert store.durable == 1
                assert not store.state.messages
                assert [b.seq for b in store.read(0)] == [1]
                assert store.conversation("p1", None, 10) == []
                assert store.earlier("r1") == Earlier("", 2, AT)
                disk.let.set()
            assert [task.result() for task in waiting] == [2, b"", 2]
            assert texts(store) == ["hello"]
            assert [b.seq for b in store.conversation("p1", None, 10)] == [2]

    asyncio.run(story())


def test_many_who_commit_at_once_share_few_syncs(tmp_path: Path) -> None:
    clients, each = 32, 10

    async def story() -> int:
        disk = CountingDisk()
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            disk.syncs = 0
            count = iter(range(1, clients * each + 1))

            async def client() -> None:
                for _ in range(each):
                    await store.commit(said(next(count)))

            async with asyncio.TaskGroup() as house:
                for _ in range(clients):
                    house.create_task(client())
            assert store.durable == clients * each + 1
            return disk.syncs

    # Two groups take turns: one is on its way to the disk while the other is decided on. Where others
    # use the machine too, a group can be parted by a disk that was done sooner.
    assert asyncio.run(story()) <= 3 * (each + 1)


def test_commits_become_durable_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    async def story() -> list[int]:
        done = []
        async with running(tmp_path) as store, asyncio.TaskGroup() as house:
            await store.commit(project())
            commits = [store.commit(said(count)) for count in range(1, 40)]

            async def wait(commit: Commit) -> None:
                done.append(await commit)

            for commit in reversed(commits):
                house.create_task(wait(commit))
        return done

    found = asyncio.run(story())
    assert sorted(found) == list(range(2, 41))


def test_a_commit_of_nothing_waits_for_all_that_is_on_its_way(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as store:
            assert await store.commit() == 0
            store.commit(project())
            assert await store.commit() == 1
            assert store.durable == 1
            assert await store.commit() == 1

    asyncio.run(story())


def test_what_is_committed_before_the_store_runs_is_written_when_it_does(tmp_path: Path) -> None:
    async def story() -> int:
        with opened(tmp_path) as store:
            commit = store.commit(project())
            async with asyncio.TaskGroup() as house:
                life = house.create_task(store.run())
                seq = await commit
                life.cancel()
        return seq

    assert asyncio.run(story()) == 1


def test_a_store_that_is_cancelled_writes_what_it_accepted_and_accepts_no_more(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        disk = WaitingDisk()
        with opened(tmp_path, disk=disk) as store:
            async with asyncio.TaskGroup() as house:
                life = house.create_task(store.run())
                await store.commit(project())
                disk.hold()
                first = store.commit(said(1))
                await disk.was_asked()
                second = store.commit(said(2))
                life.cancel()
                await asyncio.sleep(0)
                with pytest.raises(Unavailable, match="stopping"):
                    store.commit(said(3))
                assert not life.done()
                disk.let.set()
                assert [await first, await second] == [2, 3]

    asyncio.run(story())
    with opened(tmp_path) as store:
        assert sorted(store.state.messages) == ["m1", "m2"]


def test_a_store_that_is_cancelled_twice_still_writes_when_it_is_closed(tmp_path: Path) -> None:
    async def story() -> None:
        disk = WaitingDisk()
        with opened(tmp_path, disk=disk) as store:
            async with asyncio.TaskGroup() as house:
                life = house.create_task(store.run())
                await store.commit(project())
                disk.hold()
                store.commit(said(1))
                await disk.was_asked()
                store.commit(said(2))
                for _ in range(2):
                    life.cancel()
                    await asyncio.sleep(0)
            disk.let.set()

    asyncio.run(story())
    with opened(tmp_path) as store:
        assert sorted(store.state.messages) == ["m1", "m2"]


def test_closing_writes_what_is_left_and_twice_is_once(tmp_path: Path) -> None:
    store = Store(tmp_path, now, release=RELEASE)
    store.commit(project())
    store.close()
    store.close()

    with opened(tmp_path) as again:
        assert again.durable == 1


def test_a_group_that_lay_ready_behind_one_that_was_refused_is_refused_too(tmp_path: Path) -> None:
    class FullAtSecond(WaitingDisk):
        full = False

        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            if self.full and offset:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write_at(file, data, offset)

    disk = FullAtSecond()

    async def story() -> None:
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            disk.hold()
            first = store.commit(said(1))
            await disk.was_asked()
            second = store.commit(said(2))
            await asyncio.sleep(0)  # it is on its way, behind the first
            third = store.commit(said(3))
            disk.full = True
            disk.let.set()
            assert await first == 2
            for refused in (second, third):
                with pytest.raises(Unavailable):
                    await refused
            disk.full = False
            assert [message.id for message in store.ahead.messages.values()] == ["m1"]
            assert await store.commit(said(2, text="again")) == 3
        assert texts(store) == ["hello", "again"]

    asyncio.run(story())
