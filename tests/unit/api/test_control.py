import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api.control import ControlDoor
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Refused
from tests.integration.api.callers import ROLES, call, greeted
from tests.unit.api.desks import at_work


def test_who_comes_before_the_door_is_served_waits_and_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
            door = ControlDoor(desk, tmp_path / "s", ROLES)
            door.bind()
            early = group.create_task(_ask(tmp_path / "s"))
            await asyncio.sleep(0.01)
            assert not early.done()
            serving = group.create_task(door.serve())
            assert await early == "ok"
            serving.cancel()

    asyncio.run(scenario())


async def _ask(path: Path) -> object:
    async with greeted(path) as caller:
        caller.send(call(1, p.ProjectList()))
        return (await caller.next())["frame"]


def test_a_door_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            door = ControlDoor(desk, tmp_path / "nowhere" / "s", ROLES)
            with pytest.raises(Refused, match="cannot listen at"):
                await door.serve()
            assert not desk.doors

    asyncio.run(scenario())


def test_a_path_that_is_long_is_served_and_cleared_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        directory = tmp_path / ("d" * 120)
        directory.mkdir()
        async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
            door = ControlDoor(desk, directory / "control.sock", ROLES)
            serving = group.create_task(door.serve())
            await door.ready.wait()
            assert [entry.name for entry in directory.iterdir()] == ["control.sock"]
            serving.cancel()
            await asyncio.wait([serving])
            assert list(directory.iterdir()) == []

    asyncio.run(scenario())
