import asyncio
from pathlib import Path

import pytest
from starlette.routing import Route

from pmrunnerd.api import routes
from pmrunnerd.api.sse import Streams
from pmrunnerd.model import protocol as p
from tests.unit.api.desks import at_work


@pytest.mark.parametrize("command", p.COMMANDS, ids=lambda command: command.name)
def test_every_command_has_its_route_and_a_change_is_never_a_get(
    tmp_path: Path, command: p.Command
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            app = routes.application(desk, lambda: "", Streams())
            found = [
                r for r in app.routes if isinstance(r, Route) if r.path == routes.path(command)
            ]
            assert len(found) == 1
            assert found[0].methods == ({"GET", "HEAD"} if command.only_looks else {"POST"})

    asyncio.run(scenario())


def test_a_path_is_the_words_of_its_command() -> None:
    assert routes.path(p.BY_REQUEST[p.ProjectAdd]) == "/api/v1/project/add"
    assert routes.path(p.BY_REQUEST[p.Status]) == "/api/v1/status"
