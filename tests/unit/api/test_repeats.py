import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api import respond as r
from pmrunnerd.api.access import Caller
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import (
    BadRequest,
    Conflict,
    Refused,
)
from pmrunnerd.model.requests import make
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, SlowDisk, at_work, until

SEND = p.ChatSend(project="demo", text="do it")


def test_the_same_identifier_again_gets_the_same_answer_and_no_second_effect(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            first = await r.change(desk, ANNA, SEND, "a")
            assert await r.change(desk, ANNA, SEND, "a") == first
            assert list(desk.store.state.messages) == ["m1"]
            assert await r.respond(desk, ANNA, SEND, "b") == p.Done(id="m2")

    asyncio.run(scenario())


def test_a_request_too_old_to_tell_is_refused_and_not_done_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            old = make(1_700_000_000_000, b"long ago..")
            with pytest.raises(Refused, match="it is too old") as refused:
                await r.change(desk, ANNA, SEND, old)
            assert "ask again with a new identifier" in str(refused.value.hint)
            assert not desk.store.state.messages

    asyncio.run(scenario())


def test_the_same_identifier_twice_at_once_has_one_effect(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, asyncio.TaskGroup() as group:
            await desk.store.commit(desks.added())
            disk.spinning.clear()
            both = [group.create_task(r.change(desk, ANNA, SEND, "a")) for _ in range(2)]
            await until(lambda: desk.store.ahead.messages)
            disk.spinning.set()
            assert await both[0] == await both[1]
            assert list(desk.store.state.messages) == ["m1"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("caller", "request_"),
    [(ANNA, replace(SEND, text="do something else")), (replace(ANNA, name="otto"), SEND)],
    ids=["other content", "other caller"],
)
def test_the_same_identifier_for_something_else_is_a_conflict(
    tmp_path: Path, caller: Caller, request_: p.ChatSend
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            await r.change(desk, ANNA, SEND, "a")
            with pytest.raises(Conflict, match="request identifier a again"):
                await r.change(desk, caller, request_, "a")
            assert list(desk.store.state.messages) == ["m1"]

    asyncio.run(scenario())


@pytest.mark.parametrize("identifier", ["", "x" * 129, "two words", "ä"])
def test_a_change_without_a_usable_identifier_is_refused(tmp_path: Path, identifier: str) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            with pytest.raises(BadRequest, match="carries an identifier") as refused:
                await r.change(desk, ANNA, SEND, identifier)
            assert "Idempotency-Key" in str(refused.value)
            assert "Idempotency-Key" in str(refused.value.hint)

    asyncio.run(scenario())
