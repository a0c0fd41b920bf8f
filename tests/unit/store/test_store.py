import asyncio
import errno
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import pytest

from pmrunnerd.model.errors import NotFound, PmError, Refused, TooLarge, Unavailable
from pmrunnerd.store import batch as lines
from pmrunnerd.store.commit import Commit, Earlier
from pmrunnerd.store.failures import JournalDamaged, StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.parts import (
    AT,
    RELEASE,
    CountingDisk,
    DyingDisk,
    SmallDisk,
    WaitingDisk,
    filled,
    illegal,
    now,
    opened,
    project,
    running,
    said,
)


def texts(store: Store) -> list[str]:
    return [message.text for message in store.state.messages.values()]


async def outcome(commit: Commit) -> int | type[BaseException]:
    try:
        return await commit
    except PmError as error:
        return type(error)


# Deciding


def test_what_was_committed_is_there_after_the_store_was_opened_again(tmp_path: Path) -> None:
    filled(tmp_path, messages=3)

    with opened(tmp_path) as store:
        assert texts(store) == ["message 1", "message 2", "message 3"]
        assert (store.durable, store.ahead.seq) == (4, 4)
        assert store.commit(said(4)).seq == 5


def test_an_illegal_fact_reaches_neither_the_disk_nor_a_state(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=1)
    before = path.read_bytes()

    with opened(tmp_path) as store:
        with pytest.raises(NotFound):
            store.commit(said(2), illegal())
        assert "m2" not in store.ahead.messages
        assert store.ahead.seq == 2
        store.flush()
    assert path.read_bytes() == before


def test_text_that_cannot_be_written_is_refused_before_it_is_taken_in(tmp_path: Path) -> None:
    filled(tmp_path, messages=0)

    with opened(tmp_path) as store:
        with pytest.raises(UnicodeEncodeError):
            store.commit(said(1, text="\udcff"))
        assert not store.ahead.messages
        assert store.commit(said(1)).seq == 2


def test_a_commit_that_could_not_be_read_back_is_too_large(tmp_path: Path) -> None:
    filled(tmp_path, messages=0)

    with opened(tmp_path) as store:
        with pytest.raises(TooLarge, match="the limit is"):
            store.commit(said(1, text="x" * lines.LINE_LIMIT))
        assert store.ahead.seq == 1


def test_the_clock_is_read_once_for_a_commit(tmp_path: Path) -> None:
    ticks = iter(range(100))
    store = Store(tmp_path, lambda: f"tick {next(ticks)}", release=RELEASE)
    store.commit(project(), said(1), said(2))
    store.flush()
    [batch] = store.read(0)
    store.close()

    assert {m.at for m in store.state.messages.values()} == {batch.at}


def test_the_next_commit_is_decided_on_what_is_still_on_its_way(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(project())
        assert store.commit(said(1)).seq == 2
        assert "p1" in store.ahead.projects
        assert "p1" not in store.state.projects


# Durability


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

    assert asyncio.run(story()) <= each * 2


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


# A full disk


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
    class WaitingAndFull(WaitingDisk, SmallDisk):
        def __init__(self) -> None:
            WaitingDisk.__init__(self)
            SmallDisk.__init__(self, room=1 << 20)

        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            self.asked.set()
            self.let.wait()
            return super().write_at(file, data, offset)

    async def story() -> list[int | type[BaseException]]:
        disk = WaitingAndFull()
        async with running(tmp_path, disk=disk) as store:
            await store.commit(project())
            disk.hold()
            disk.room = 0
            first = store.commit(project("p2"))
            await disk.was_asked()
            behind = store.commit(said(1, project="p2"))
            disk.let.set()
            return [await outcome(first), await outcome(behind)]

    assert asyncio.run(story()) == [Unavailable, Unavailable]


# A disk that breaks its word


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


# Requests


def test_a_request_is_answered_the_same_before_and_after_the_store_was_opened_again(
    tmp_path: Path,
) -> None:
    async def ask() -> tuple[Earlier | None, bytes]:
        async with running(tmp_path) as store:
            if not store.durable:
                store.commit(project(), request="r1", digest="d1", reply=b"\x81\x00answer")
            return store.earlier("r1"), await store.reply("r1")

    first, second = asyncio.run(ask()), asyncio.run(ask())

    assert first == second == (Earlier("d1", 1, AT), b"\x81\x00answer")


def test_a_request_without_facts_is_remembered_all_the_same(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(request="r1", digest="d", reply=b"nothing to do")
        store.flush()
    with opened(tmp_path) as store:
        assert store.earlier("r1") == Earlier("d", 1, AT)


def test_a_request_that_nobody_made_is_not_known(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path) as store:
            assert store.earlier("r1") is None
            with pytest.raises(NotFound, match="cannot find request r1"):
                await store.reply("r1")

    asyncio.run(story())


# Following


def test_all_who_wait_for_a_change_are_woken_by_it(tmp_path: Path) -> None:
    async def story() -> list[int]:
        async with running(tmp_path) as store:
            async with asyncio.TaskGroup() as house:
                waiting = [house.create_task(store.changed(since)) for since in (0, 0, 1)]
                gone = house.create_task(store.changed(0))
                await asyncio.sleep(0)
                gone.cancel()
                await store.commit(project())
                await store.commit(said(1))
            return [task.result() for task in waiting]

    assert asyncio.run(story()) == [1, 1, 2]


def test_a_change_that_happened_already_is_not_waited_for(tmp_path: Path) -> None:
    async def story() -> int:
        async with running(tmp_path) as store:
            await store.commit(project())
            return await store.changed(0)

    assert asyncio.run(story()) == 1


# Opening


def test_a_second_store_on_the_same_state_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(project())
        with pytest.raises(Refused, match=r"pid \d+ of .* holds it since"):
            Store(tmp_path, now, release=RELEASE)
        store.flush()
    with opened(tmp_path) as again:
        assert again.durable == 1


def test_a_state_that_cannot_be_opened_is_free_for_the_next_who_tries(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=2)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + b"X" + whole[41:])
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="line 1 does not match its checksum"):
            Store(tmp_path, now, release=RELEASE)
    path.write_bytes(whole)

    with opened(tmp_path) as store:
        assert store.durable == 3


def test_a_journal_that_was_emptied_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    filled(tmp_path, messages=2)
    with opened(tmp_path):
        pass  # it has seen commit 3 now
    (tmp_path / "journal" / "00000001.jsonl").write_bytes(b"")

    with pytest.raises(JournalDamaged, match="ends at commit 0, and 3 was durable"):
        Store(tmp_path, now, release=RELEASE)


def test_a_directory_that_we_may_not_use_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(StoreFailed, match=r"cannot open .*state.*: File exists"):
        Store(tmp_path / "state", now, release=RELEASE)


def test_facts_of_a_newer_release_survive_an_older_one(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=1)
    newer = lines.encode(lines.Batch(seq=3, at=AT, facts=(said(2),)))
    body = newer[12:-2].replace(b'"message-posted"', b'"moon-landed"')
    newer = b'["%08x",%b]\n' % (crc32(body), body)
    path.write_bytes(path.read_bytes() + newer)

    with opened(tmp_path) as store:
        assert store.durable == 3
        assert [unknown.fact for unknown in store.read(2)[0].unknown] == ["moon-landed"]
        store.commit(said(9))
        store.flush()
    assert newer in path.read_bytes()


@pytest.mark.parametrize("error", [errno.EIO, errno.EACCES])
def test_a_disk_that_fails_while_opening_is_an_error_and_no_empty_state(
    tmp_path: Path, error: int
) -> None:
    class Unreadable(CountingDisk):
        def read_at(self, file: int, size: int, offset: int) -> bytes:
            if size > 512:
                raise OSError(error, "no")
            return super().read_at(file, size, offset)

    filled(tmp_path, messages=1)

    with pytest.raises(StoreFailed, match="cannot open"):
        Store(tmp_path, now, release=RELEASE, disk=Unreadable())
    with suppress(PmError), opened(tmp_path) as store:
        assert store.durable == 2
