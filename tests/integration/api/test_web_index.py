"""The list of all paths, and who is told of it."""

import asyncio
from pathlib import Path

from tests.integration.api.browsers import visiting
from tests.unit.api.desks import at_work


def test_what_is_not_there_is_told_with_where_the_paths_are_listed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            missing = await site.get("/nothing")
            token = desk.state_directory / "web.token"
            where = f"http://localhost:{site.port}/api/v1"
            assert missing.json["hint"] == (
                f'curl -H "Authorization: Bearer $(cat {token})" {where}   lists what there is'
            )
            assert (await site.ask("GET", "/api/v1", authorization=None)).status == 401
            listed = (await site.get("")).json["commands"]
            assert {
                "method": "POST",
                "path": "/api/v1/project/add",
                "access": "operate",
                "stream": False,
                "summary": "Make a directory with a git repository a project.",
            } in listed
            for one in listed:
                if one["method"] == "GET" and not one["stream"]:
                    answer = await site.ask("GET", one["path"])
                    assert answer.status != 404, one

    asyncio.run(scenario())
