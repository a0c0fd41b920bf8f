import asyncio
import errno
import io
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.api import respond as r
from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.uploads import Uploads
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden
from pmrunnerd.model.upkeep import BackedUp, Restored, Uploaded
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.swap import Undecided
from pmrunnerd.store.unpack import unpack
from tests.unit.api.desks import ANNA, Bench, added, at_work, posted
from tests.unit.store.trouble import Troubled, failing

ROOT = Caller(name="root", uid=0, access=p.Access.ADMIN)


async def fetched(desk: Desk) -> tuple[bytes, BackedUp]:
    data = b""
    async for (piece,) in r.stream(desk, ROOT, p.StateBackup()):
        data += piece.data
        assert piece.cursor == len(data)
        if piece.backed_up is not None:
            return data, piece.backed_up
    raise AssertionError("it had no end")


def test_who_may_not_administer_may_not_have_or_change_a_whole_state(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            with pytest.raises(Forbidden):
                r.stream(desk, ANNA, p.StateBackup())
            for request in (
                p.StateUpload(upload="u", offset=0, data=b"x"),
                p.StateRestore(upload="u"),
            ):
                with pytest.raises(Forbidden):
                    await r.respond(desk, ANNA, request, "")
            assert not (tmp_path / "state" / "restore").exists()

    asyncio.run(scenario())


def test_a_backup_holds_what_was_durable_and_commits_go_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(added())
            await desk.store.commit(posted())
            data, told = await fetched(desk)
            await desk.store.commit(posted(message="m2"))
            (tmp_path / "out").mkdir()
            found = unpack(Disk(), io.BytesIO(data), tmp_path / "out")
            assert told == BackedUp.of(found)
            assert (found.environment, found.level) == ("dev", 1)
            assert b'"m1"' in (tmp_path / "out" / "journal" / "00000001.jsonl").read_bytes()

    asyncio.run(scenario())


def test_a_follower_that_goes_in_the_middle_leaves_nothing_open(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(added())
            items = r.stream(desk, ROOT, p.StateBackup())
            await anext(items)
            await items.aclose()

    asyncio.run(scenario())


def test_a_restore_has_the_daemon_come_back_and_its_answer_is_given_again(tmp_path: Path) -> None:
    bench = Bench()

    async def scenario() -> Restored:
        async with at_work(tmp_path, bench) as desk:
            await desk.store.commit(added())
            data, _ = await fetched(desk)
            await desk.store.commit(posted())
            request = p.StateUpload(upload="u", offset=0, data=data)
            assert await r.respond(desk, ROOT, request, "") == Uploaded(size=len(data))
            assert not bench.reopened.is_set()
            found = await r.respond(desk, ROOT, p.StateRestore(upload="u"), "")
            assert bench.reopened.is_set()
            assert "m1" in desk.store.state.messages, "until it comes back it is what it was"
            return msgspec.convert(msgspec.to_builtins(found), Restored)

    async def afterwards() -> object:
        async with at_work(tmp_path) as desk:
            assert not desk.store.state.messages
            return await r.respond(desk, ROOT, p.StateRestore(upload="u"), "")

    first = asyncio.run(scenario())
    assert asyncio.run(afterwards()) == first


def test_where_nobody_can_tell_if_a_restore_is_recorded_nothing_is_acknowledged_any_more(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(added())
            data, _ = await fetched(desk)
            disk = Troubled(
                "sync_directory", lambda path: (path / "READY").exists(), failing(errno.EIO)
            )
            desk.uploads = Uploads(disk)
            await r.respond(desk, ROOT, p.StateUpload(upload="u", offset=0, data=data), "")
            disk.armed = True
            with pytest.raises(Undecided):
                await r.respond(desk, ROOT, p.StateRestore(upload="u"), "")
            with pytest.raises(StoreFailed, match="whether the restore of"):
                desk.store.commit(posted())

    asyncio.run(scenario())
