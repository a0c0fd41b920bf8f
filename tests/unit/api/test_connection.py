import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from tests.integration.api.callers import call, calling, greeted, opened
from tests.unit.api import desks
from tests.unit.api.desks import at_work


@pytest.mark.parametrize("turn", [0.0, 10.0])
def test_answers_are_the_same_however_long_one_client_may_keep_the_loop(
    tmp_path: Path, turn: float
) -> None:
    async def scenario() -> None:
        limits = Limits(turn=turn)
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s", limits=limits) as door,
            greeted(door.path) as caller,
        ):
            await desk.store.commit(desks.added())
            caller.send(*(call(n, p.ProjectList()) for n in range(1, 301)))
            assert set(await caller.answers(300)) == set(range(1, 301))

    asyncio.run(scenario())


def test_who_does_not_read_answers_is_not_read_from(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            greeted(door.path) as caller,
        ):
            await desk.store.commit(desks.added())
            await desk.store.commit(desks.posted("x" * 200_000))
            caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
            ask = call(1, p.ChatHistory(project="demo"))
            for _ in range(2000):  # 400 MB of answers, if anybody were to make them
                caller.send(ask)
            (connection,) = door.lobby.present
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert connection.pending < 2 * f.FRAME_LIMIT
            caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
            for _ in range(2000):
                assert (await caller.next())["frame"] == "ok"

    asyncio.run(scenario())


def test_a_second_hello_is_one_too_many(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            opened(desk, tmp_path / "s") as door,
            calling(door.path) as caller,
        ):
            caller.send(f.encode(f.Hello()), f.encode(f.Hello()))
            assert (await caller.next())["frame"] == "hello"
            assert "a hello comes first, and once" in (await caller.next())["message"]
            assert await caller.is_hung_up()

    asyncio.run(scenario())
