import asyncio
import errno
from pathlib import Path
from zlib import crc32

import pytest

from pmrunnerd.model.errors import NotFound, Refused, TooLarge
from pmrunnerd.store import batch as lines
from pmrunnerd.store.commit import Earlier
from pmrunnerd.store.failures import JournalDamaged, StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.parts import (
    AT,
    RELEASE,
    CountingDisk,
    filled,
    illegal,
    now,
    opened,
    project,
    running,
    said,
    texts,
)


def test_what_was_committed_is_there_after_the_store_was_opened_again(tmp_path: Path) -> None:
    filled(tmp_path, messages=3)

    with opened(tmp_path) as store:
        assert texts(store) == ["message 1", "message 2", "message 3"]
        assert (store.durable, store.ahead.seq) == (4, 4)
        assert store.commit(said(4)).seq == 5


def test_whoever_waits_hears_how_far_the_reading_of_a_journal_has_come(tmp_path: Path) -> None:
    filled(tmp_path, messages=3)
    (tmp_path / "snapshot.json").unlink(missing_ok=True)
    heard: list[int] = []

    with opened(tmp_path, reached=heard.append):
        assert heard == [1, 2, 3, 4]


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
    (tmp_path / "journal" / "00000001.jsonl").write_bytes(b"")

    with pytest.raises(JournalDamaged, match="ends at commit 0, and 3 was durable"):
        Store(tmp_path, now, release=RELEASE)


def test_what_a_daemon_found_durable_is_remembered_however_it_ends(tmp_path: Path) -> None:
    path = filled(tmp_path, messages=2)
    (tmp_path / "lock").unlink()
    with opened(tmp_path):
        killed_now = (tmp_path / "lock").read_bytes()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    (tmp_path / "lock").write_bytes(killed_now)

    with pytest.raises(JournalDamaged, match="ends at commit 2, and 3 was durable"):
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


@pytest.mark.parametrize(
    ("error", "refusal"), [(errno.EIO, JournalDamaged), (errno.EACCES, StoreFailed)]
)
def test_a_disk_that_fails_while_opening_is_an_error_and_no_empty_state(
    tmp_path: Path, error: int, refusal: type[Exception]
) -> None:
    class Unreadable(CountingDisk):
        def read_at(self, file: int, size: int, offset: int) -> bytes:
            if size > 512:
                raise OSError(error, "no")
            return super().read_at(file, size, offset)

    filled(tmp_path, messages=1)

    with pytest.raises(refusal, match=f"cannot .* {tmp_path}.*: no"):
        Store(tmp_path, now, release=RELEASE, disk=Unreadable())
    with opened(tmp_path) as store:
        assert store.durable == 2
