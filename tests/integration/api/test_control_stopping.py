"""Leaving politely, and being left by rude clients."""

import asyncio
import contextlib
import socket
import stat
from pathlib import Path

import pytest

from pmrunnerd.api.control import ControlDoor
from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Refused
from tests.integration.api.callers import ROLES, call, calling, greeted, opened
from tests.unit.api import desks
from tests.unit.api.desks import Bench, SlowDisk, at_work, until

SEND = p.ChatSend(project="demo", text="do it")


def test_a_change_that_was_accepted_is_answered_before_we_leave(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller, asyncio.TaskGroup() as group:
                disk.spinning.clear()
                caller.send(call(1, SEND, "a"))
                await until(lambda: desk.store.ahead.messages)
                closing = group.create_task(door.close())
                await asyncio.sleep(0.05)
                assert not closing.done()
                disk.spinning.set()
                assert (await caller.next())["result"] == {"id": "m1"}
                assert await caller.is_hung_up()

    asyncio.run(scenario())


def test_who_had_connected_and_asked_when_we_began_to_leave_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            with socket.socket(socket.AF_UNIX) as caller:
                # Nothing of this has been seen by the loop when it is told to leave.
                caller.connect(str(door.path))
                caller.sendall(f.encode(f.Hello()) + call(1, p.ProjectList()))
                await door.close()
                caller.settimeout(5)
                said = b""
                while more := caller.recv(65536):
                    said += more
            assert b"projects" in said

    asyncio.run(scenario())


def test_streams_are_closed_with_a_reason_and_a_cursor_to_go_on_from(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.send(call(1, p.Events(follow=True)))
                assert (await caller.next())["frame"] == "item"
                await door.close()
                closed = await caller.next()
                assert closed == {"frame": "closed", "call": 1, "reason": "stopping", "cursor": 1}
                assert await caller.is_hung_up()

    asyncio.run(scenario())


def test_rude_and_idle_clients_do_not_hold_us_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        limits = Limits(farewell=0.2)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            calling(door.path),
            greeted(door.path),
            greeted(door.path) as stalled,
            greeted(door.path) as deaf,
        ):
            await desk.store.commit(desks.added())
            for n in range(1, 41):
                await desk.store.commit(desks.posted("x" * 100_000, f"m{n}"))
            stalled.send(call(1, SEND, "a")[:-1])
            deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
            deaf.send(call(1, p.Events(follow=True)), call(2, p.ChatHistory(project="demo")))
            await asyncio.sleep(0.1)
            async with asyncio.timeout(180):
                await door.close()

    asyncio.run(scenario())


def test_a_client_that_hangs_up_in_the_middle_takes_nothing_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added())
            disk.spinning.clear()
            async with greeted(door.path) as caller:
                caller.send(call(1, SEND, "a"), call(2, p.Events(follow=True)))
                await until(lambda: desk.store.ahead.messages)
            disk.spinning.set()
            async with greeted(door.path) as caller:
                caller.send(call(1, SEND, "a"))
                assert (await caller.next())["result"] == {"id": "m1"}

    asyncio.run(scenario())


def test_a_stop_whose_client_hung_up_stops_us_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk, bench = SlowDisk(), Bench()
        async with (
            at_work(tmp_path, bench, disk) as desk,
            opened(desk, tmp_path / "s") as door,
        ):
            disk.spinning.clear()
            async with greeted(door.path) as caller:
                caller.send(call(1, p.Stop(keep_runs=True), "a"), call(2, p.Events(follow=True)))
                await until(lambda: desk.store.earlier("a"))
            await until(lambda: not door.lobby.present)
            assert not bench.stopped
            disk.spinning.set()
            await until(lambda: desk.store.durable)
            await door.close()
            assert bench.stopped == [True]

    asyncio.run(scenario())


def test_a_change_that_is_still_looking_when_its_client_hangs_up_is_made(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        async with at_work(tmp_path, bench) as desk, opened(desk, tmp_path / "s") as door:
            bench.inspecting.clear()
            async with greeted(door.path) as caller:
                add = p.ProjectAdd(alias="demo", path="/srv/demo")
                caller.send(call(1, add, "a"), call(2, p.Events(follow=True)))
                await bench.inspects.wait()
            await until(lambda: not door.lobby.present)
            bench.inspecting.set()
            await door.close()
            assert [added.alias for added in desk.store.ahead.projects.values()] == ["demo"]

    asyncio.run(scenario())


def test_too_many_clients_are_told_to_come_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        limits = Limits(connections=2)
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s", limits=limits) as door:
            async with greeted(door.path), greeted(door.path), calling(door.path) as third:
                failed = await third.next()
                assert (failed["code"], failed["retryable"]) == ("unavailable", True)
                assert await third.is_hung_up()
            for _ in range(100):
                with contextlib.suppress(AssertionError):
                    async with greeted(door.path) as again:
                        again.send(call(1, p.ProjectList()))
                        assert (await again.next())["frame"] == "ok"
                        return
            pytest.fail("nobody was let in again")

    asyncio.run(scenario())


def test_the_socket_is_ours_alone_from_its_first_moment_and_gone_after_us(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "s"
        async with at_work(tmp_path) as desk, opened(desk, path) as door:
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert desk.doors["control"].address == str(path)
            with pytest.raises(Refused, match=r"pid \d+"):
                ControlDoor(desk, path, ROLES).bind()
            await door.close()
            assert not path.exists()
            assert not desk.doors

    asyncio.run(scenario())


def test_a_socket_that_the_service_manager_holds_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "s"
        with socket.socket(socket.AF_UNIX) as held:
            held.bind(str(path))
            held.listen()
            async with at_work(tmp_path) as desk:
                for _ in range(2):
                    door = ControlDoor(desk, path, ROLES, listening=held.dup())
                    async with asyncio.TaskGroup() as group:
                        serving = group.create_task(door.serve())
                        async with greeted(path) as caller:
                            caller.send(call(1, p.ProjectList()))
                            assert (await caller.next())["frame"] == "ok"
                        serving.cancel()
                    assert path.exists()

    asyncio.run(scenario())
