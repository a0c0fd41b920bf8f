import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from pmrunnerd.api.respond import act
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden, Refused
from pmrunnerd.model.upkeep import Reloaded
from tests.unit.api.desks import ANNA, READER, at_work


def test_whom_nobody_starts_again_does_not_restart_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            with pytest.raises(Refused, match="no service manager"):
                await act(desk, ANNA, p.Restart())
            assert await act(desk, ANNA, p.Reload()) == Reloaded(used=())

    asyncio.run(scenario())


def test_who_operates_may_have_it_restarted_and_its_configuration_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        asked: list[str] = []
        used = Reloaded(used=("runs.slots",))
        async with at_work(tmp_path) as plain:
            desk = replace(plain, restart=lambda: asked.append("restart"), reload=lambda: used)
            for request in (p.Restart(), p.Reload()):
                with pytest.raises(Forbidden):
                    await act(desk, READER, request)
            assert await act(desk, ANNA, p.Restart()) == p.Done(id="dev")
            assert await act(desk, ANNA, p.Reload()) == used
        assert asked == ["restart"]

    asyncio.run(scenario())
