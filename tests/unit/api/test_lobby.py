import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api.lobby import Limits, Lobby
from pmrunnerd.model.errors import Unavailable
from tests.integration.api.callers import ROLES
from tests.unit.api.desks import at_work


class Guest:
    has_asked = False
    pending = 0

    def stop(self) -> None: ...
    def abort(self) -> None: ...


def test_the_limits_are_those_of_the_design() -> None:
    limits = Limits()
    assert (limits.connections, limits.in_flight) == (1024, 64)
    assert (limits.hello, limits.frame, limits.lag) == (5.0, 5.0, 30.0)


def test_there_is_room_for_so_many_and_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
            lobby = Lobby(desk=desk, roles=ROLES, limits=Limits(connections=2), group=group)
            lobby.present |= {Guest(), Guest()}
            lobby.check_room()
            lobby.present.add(Guest())
            with pytest.raises(Unavailable, match="2 clients are connected"):
                lobby.check_room()

    asyncio.run(scenario())
