"""A follower that falls behind: told so, and let go on from where it was."""

import asyncio
from pathlib import Path
from typing import Any

from pmrunnerd.api.lobby import Limits
from pmrunnerd.model import protocol as p
from tests.integration.api.callers import Caller, call, greeted, opened
from tests.unit.api import desks
from tests.unit.api.desks import at_work, until

COUNT = 400
QUICK = Limits(lag=0.05)


async def told(caller: Caller, number: int) -> tuple[list[str], dict[str, Any]]:
    """What a stream tells until it is closed or has told all; and its last frame."""
    texts: list[str] = []
    while (frame := await caller.next())["frame"] == "item":
        assert frame["call"] == number
        texts.append(frame["item"]["text"])
        if texts[-1] == "the last":
            break
    return texts, frame


def test_who_stops_reading_and_reads_on_has_missed_nothing_and_seen_nothing_twice(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s", limits=QUICK) as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
                caller.send(call(1, p.ChatFollow(project="demo", since=0)))
                for n in range(1, COUNT):
                    await desk.store.commit(desks.posted(f"{n} " + "x" * 10_000, f"m{n}"))
                await desk.store.commit(desks.posted("the last", f"m{COUNT}"))
                (connection,) = door.lobby.present
                calls = connection._calls  # type: ignore[attr-defined]
                await until(lambda: not calls.under_way)
                caller.writer.transport.resume_reading()  # type: ignore[attr-defined]
                seen, last = await told(caller, 1)
                assert (last["frame"], last["reason"]) == ("closed", "lagged")
                assert 0 < len(seen) < COUNT
                # On the same connection.
                caller.send(call(2, p.ChatFollow(project="demo", since=last["cursor"])))
                rest, _ = await told(caller, 2)
                numbers = [text.split()[0] for text in seen + rest]
                assert numbers == [*map(str, range(1, COUNT)), "the"]

    asyncio.run(scenario())


def test_a_follower_that_was_told_all_does_not_lag(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s", limits=QUICK) as door:
            await desk.store.commit(desks.added())
            async with greeted(door.path) as caller:
                caller.send(call(1, p.ChatFollow(project="demo")))
                await asyncio.sleep(3 * QUICK.lag)
                await desk.store.commit(desks.posted("the last"))
                texts, _ = await told(caller, 1)
                assert texts == ["the last"]

    asyncio.run(scenario())
