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
            } in [{name: of[name] for name in of if name != "parameters"} for of in listed]
            assert [
                (one["name"], one["required"])
                for of in listed
                if of["path"] == "/api/v1/run/logs"
                for one in of["parameters"]
            ] == [("run", True), ("cursor", False), ("follow", False), ("lineage", False)]
            document = (await site.get("/openapi.json")).json
            assert document["servers"] == [{"url": "/api/v1"}]
            assert {"/api/v1" + path for path in document["paths"]} == {o["path"] for o in listed}
            assert (await site.ask("GET", "/api/v1/openapi.json", authorization=None)).status == 401
            for one in listed:
                if one["method"] == "GET" and not one["stream"]:
                    answer = await site.ask("GET", one["path"])
                    assert answer.status != 404, one

    asyncio.run(scenario())
