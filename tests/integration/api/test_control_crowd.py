"""Many clients at once, and greedy ones: each is answered, or told that there is no room."""

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.services.descriptors import raise_limit
from tests.integration.api.callers import Caller, call, calling, greeted, opened
from tests.integration.daemon import Daemon
from tests.unit.api.desks import at_work, until

CLIENTS = 1000
HELLO = f.encode(f.Hello())
FEW = 96


class Poor(Daemon):
    """A daemon that may have few descriptors, whatever it asks for."""

    def argv(self) -> list[str]:
        start = (
            "import os, resource, sys\n"
            f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW}, {FEW}))\n"
            "os.execv(sys.argv[1], sys.argv[1:])\n"
        )
        return [sys.executable, "-c", start, *super().argv()]


def frame(caller: socket.socket) -> dict[str, Any]:
    """The next frame; what no daemon would say where there is none."""
    size = int.from_bytes(caller.recv(f.HEADER, socket.MSG_WAITALL), "big")
    found: dict[str, Any] = msgspec.msgpack.decode(caller.recv(size, socket.MSG_WAITALL))
    return found


@contextlib.contextmanager
def connected(path: Path) -> Any:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(path))
        yield caller


def test_a_thousand_clients_at_once_are_each_answered(tmp_path: Path) -> None:
    assert raise_limit() > CLIENTS + 100, "this test needs a thousand sockets"
    with Daemon(tmp_path / "state") as daemon, contextlib.ExitStack() as all_of_them:
        callers = [all_of_them.enter_context(connected(daemon.socket)) for _ in range(CLIENTS)]
        for caller in callers:
            caller.sendall(HELLO + call(1, p.Inbox()) + call(2, p.ProjectList()))
        for caller in callers:
            assert [frame(caller)["frame"] for _ in range(3)] == ["hello", "ok", "ok"]
        # Nobody was let go to make room for another.
        for caller in callers:
            caller.sendall(call(3, p.Inbox()))
        assert {frame(caller)["frame"] for caller in callers} == {"ok"}


def test_who_finds_no_room_is_told_so_and_comes_in_when_somebody_leaves(tmp_path: Path) -> None:
    async def scenario() -> None:
        limits = Limits(connections=2)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            greeted(door.path) as first,
            greeted(door.path),
        ):
            async with calling(door.path) as third:
                told = await third.next()
                assert (told["code"], told["call"]) == ("unavailable", 0)
                assert (told["retryable"], told["hint"]) == (
                    True,
                    "pmrunnerctl --wait 60 status",
                )
                assert await third.is_hung_up()
            first.writer.close()
            await until(lambda: len(door.lobby.present) == 1)
            async with greeted(door.path):
                pass

    asyncio.run(scenario())


def test_a_daemon_with_few_descriptors_goes_on_however_many_come(tmp_path: Path) -> None:
    with Poor(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        answered = told = 0
        with contextlib.ExitStack() as all_of_them:
            callers = [all_of_them.enter_context(connected(daemon.socket)) for _ in range(300)]
            for caller in callers:
                with contextlib.suppress(BrokenPipeError):
                    caller.sendall(HELLO)
            for caller in callers:
                said = frame(caller)
                answered += said["frame"] == "hello"
                told += said["frame"] == "failed"
                if said["frame"] == "failed":
                    assert (said["code"], said["retryable"]) == ("unavailable", True)
            assert answered + told == 300
            assert 0 < answered < FEW
            # The store has what it needs: somebody who is in records something.
            inside = callers[0]
            inside.sendall(call(1, p.ChatSend(project="demo", text="echo hi"), "once"))
            assert frame(inside)["frame"] == "ok"
            ticks = os.sysconf("SC_CLK_TCK")
            before = _busy(daemon.pid)
            inside.settimeout(1.0)
            with pytest.raises(TimeoutError):  # nothing is said, and nothing is done
                inside.recv(1)
            assert _busy(daemon.pid) - before < 0.8 * ticks
        assert daemon.say("demo", "echo again")
        assert "Traceback" not in daemon.log()
        assert daemon.log().count("cannot let anybody in") < 10


def _busy(pid: int) -> int:
    """The processor time of a process, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_greedy_client_takes_turns_with_all_others(tmp_path: Path) -> None:
    greed, polite, each = 4000, 20, 20

    async def scenario() -> None:
        # A turn of no time is one frame: whose turn it is can then be counted.
        limits = Limits(turn=0.0)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            contextlib.AsyncExitStack() as all_of_them,
        ):
            greedy = await all_of_them.enter_async_context(greeted(door.path))
            others = [
                await all_of_them.enter_async_context(greeted(door.path)) for _ in range(polite)
            ]
            greedy.send(*(call(n, p.ProjectList()) for n in range(1, greed + 1)))
            for other in others:
                other.send(*(call(n, p.ProjectList()) for n in range(1, each + 1)))
            taken = 0

            async def devour() -> None:
                nonlocal taken
                for _ in range(greed):
                    await greedy.next()
                    taken += 1

            async def satisfied(other: Caller) -> None:
                await other.answers(each)

            async with asyncio.TaskGroup() as group:
                eating = group.create_task(devour())
                waiting = [group.create_task(satisfied(other)) for other in others]
                await asyncio.wait(waiting)
                # Each of the others had as many turns as the greedy one, and some to be heard.
                assert taken < 10 * each
                await eating

    asyncio.run(scenario())
