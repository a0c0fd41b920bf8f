import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.api import intake
from pmrunnerd.api.calls import Calls
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.lobby import Limits, Lobby
from pmrunnerd.api.outbox import Outbox
from pmrunnerd.model import events as ev
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest
from tests.integration.api.callers import ROLES
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, at_work, until


class Kept(asyncio.Transport):
    """A transport that keeps what is written, for a test to read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def frames(self) -> list[dict[str, Any]]:
        found, rest = [], self.written
        while rest:
            size = int.from_bytes(rest[: f.HEADER], "big") + f.HEADER
            found.append(msgspec.msgpack.decode(rest[f.HEADER : size]))
            rest = rest[size:]
        return found


class Switchboard:
    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        self.desk, self.wire, self.done = desk, Kept(), 0
        self.outbox = Outbox(self.wire)
        lobby = Lobby(desk=desk, roles=ROLES, limits=Limits(lag=0.01), group=group)
        self.calls = Calls(lobby, ANNA, self.outbox, self._count)

    def _count(self) -> None:
        self.done += 1

    def take(self, number: int, request: p.Request[Any], request_id: str = "") -> None:
        raw = f.encode_request(request)
        sent = f.encode(f.Call(call=number, request=raw, request_id=request_id))
        call = intake.frame(sent[f.HEADER :])
        assert isinstance(call, intake.Asked)
        self.calls.take(call)

    async def answered(self, count: int) -> list[dict[str, Any]]:
        await until(lambda: len(self.wire.frames()) == count)
        return self.wire.frames()


@contextlib.asynccontextmanager
async def switchboard(tmp_path: Path) -> AsyncIterator[Switchboard]:
    async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
        await desk.store.commit(desks.added())
        board = Switchboard(desk, group)
        yield board
        board.calls.abort()


def test_what_only_looks_is_never_under_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            board.take(1, p.ProjectList())
            assert (len(board.calls), board.done) == (0, 0)
            (frame,) = await board.answered(1)
            assert (frame["frame"], frame["call"]) == ("ok", 1)

    asyncio.run(scenario())


def test_a_change_is_under_way_until_it_is_durable(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            board.take(1, p.ChatSend(project="demo", text="x"), "a")
            board.calls.cancel(1)
            board.calls.close_streams("stopping")
            assert len(board.calls) == 1
            (frame,) = await board.answered(1)
            assert frame["result"] == {"id": "m1"}
            await until(lambda: board.done == 1)
            assert len(board.calls) == 0

    asyncio.run(scenario())


def test_a_stream_closed_before_its_first_step_says_so_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            board.take(1, p.Events(since=1, follow=True))
            board.calls.close_streams("stopping")
            (frame,) = await board.answered(1)
            assert frame == {"frame": "closed", "call": 1, "reason": "stopping", "cursor": 1}

    asyncio.run(scenario())


def test_a_number_cannot_be_under_way_twice(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            board.take(1, p.Events(follow=True))
            with pytest.raises(BadRequest, match="call 1"):
                board.take(1, p.ProjectList())

    asyncio.run(scenario())


def test_an_answer_that_fits_in_no_frame_is_refused_with_a_remedy(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            prompt = "x" * p.MESSAGE_LIMIT
            for n in range(5):
                # Five messages of the largest size, as the runner's own title of five plans.
                await board.desk.store.commit(
                    desks.posted(f"{n}", f"m{n + 1}"),
                    ev.PlanDrafted(
                        plan=f"p{n + 1}",
                        project="w1",
                        message=f"m{n + 1}",
                        title=prompt,
                        tasks=(),
                    ),
                )
            board.take(1, p.PlanList())
            (frame,) = await board.answered(1)
            assert (frame["code"], frame["call"]) == ("too-large", 1)
            assert "--limit" in frame["hint"]
            board.take(2, p.PlanList(limit=1))
            assert (await board.answered(2))[1]["frame"] == "ok"

    asyncio.run(scenario())


def test_a_follower_that_is_sent_all_may_sleep_and_one_with_more_to_come_lags(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            board.take(1, p.Events(follow=True))
            (item,) = await board.answered(1)
            board.outbox.pause()
            await asyncio.sleep(0.05)  # longer than one may lag
            assert len(board.calls) == 1
            await board.desk.store.commit(desks.posted())
            _, closed = await board.answered(2)
            cursor = item["item"]["cursor"]
            assert closed == {"frame": "closed", "call": 1, "reason": "lagged", "cursor": cursor}
            assert len(board.calls) == 0

    asyncio.run(scenario())


def test_the_same_look_is_answered_alike_until_something_is_durable(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with switchboard(tmp_path) as board:
            board.take(1, p.ChatHistory(project="demo"))
            board.take(2, p.ChatHistory(project="demo"))
            first, second = await board.answered(2)
            assert first["result"] == second["result"]
            assert first["result"]["entries"] == []
            await board.desk.store.commit(desks.posted("hello"))
            board.take(3, p.ChatHistory(project="demo"))
            (*_, third) = await board.answered(3)
            assert [entry["text"] for entry in third["result"]["entries"]] == ["hello"]

    asyncio.run(scenario())
