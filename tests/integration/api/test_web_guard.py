"""Who is kept out of the web door, by raw requests to a real one."""

import asyncio
import stat
from pathlib import Path

import pytest

from tests.integration.api.browsers import Site, visiting
from tests.unit.api import desks
from tests.unit.api.desks import at_work

MESSAGE = {"project": "demo", "text": "do it"}


def test_health_needs_no_token_and_everything_else_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            for path in ("/healthz", "/readyz"):
                answer = await site.ask("GET", path, authorization=None)
                assert (answer.status, answer.body) == (200, b"ok\n")
            for path in ("/api/v1/status", "/", "/nothing", "/healthz/", "/api/v1/stop"):
                answer = await site.ask("GET", path, authorization=None)
                assert answer.status == 401
                assert answer.headers["www-authenticate"] == "bearer"
                assert answer.headers["content-type"] == "application/problem+json"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "wrong", ["Bearer", "Bearer x", "Basic {}", "{}", "Bearer {}x", "Bearer ä"]
)
def test_a_wrong_token_lets_nobody_in(tmp_path: Path, wrong: str) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            assert (await site.get("/status")).status == 200
            answer = await site.get("/status", authorization=wrong.format(site.token))
            assert answer.status == 401

    asyncio.run(scenario())


def test_the_token_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            path = desk.state_directory / "web.token"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            return site.token

    first = asyncio.run(scenario())
    assert len(first) >= 43
    assert asyncio.run(scenario()) == first


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("127.0.0.1:3503", 200),
        ("[::1]:3503", 200),
        ("rebound.example:3503", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:3503@evil.example", 421),
        ("", 421),
    ],
)
def test_only_requests_for_this_host_are_answered(tmp_path: Path, host: str, status: int) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            assert (await site.get("/status", host=host)).status == status
            assert (await site.ask("GET", "/healthz", host=host)).status == status

    asyncio.run(scenario())


async def posted(site: Site, **headers: str | None) -> int:
    await site.desk.store.commit(desks.added())
    answer = await site.post("/chat/send", MESSAGE, "a", **headers)
    assert bool(site.desk.store.state.messages) == (answer.status == 200)
    return answer.status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"content_type": "application/json; charset=utf-8"}, 200),
        ({"origin": "http://localhost:{port}"}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:1"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": None}, 415),
    ],
)
def test_only_our_own_pages_and_programs_change_anything(
    tmp_path: Path, headers: dict[str, str | None], status: int
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            filled = {k: v.format(port=site.port) if v else v for k, v in headers.items()}
            assert await posted(site, **filled) == status

    asyncio.run(scenario())


def test_two_hosts_in_one_request_are_one_too_many(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk) as site,
            site.connected() as (reader, writer),
        ):
            good = site.request("GET", "/healthz")
            writer.write(good.replace(b"connection", b"host: evil.example\r\nconnection"))
            assert (await reader.read()).startswith(b"HTTP/1.1 400")

    asyncio.run(scenario())
