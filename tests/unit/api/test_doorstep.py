import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.integration.api.browsers import parsed, visiting
from tests.unit.api.desks import at_work


@pytest.mark.parametrize("first", [b"", b"G", b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n"])
def test_whoever_does_not_send_a_whole_head_in_time_is_hung_up_on(
    tmp_path: Path, first: bytes
) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk, head=0.05) as site,
            site.connected() as (reader, writer),
        ):
            writer.write(first)
            said = await reader.read()
            if first:
                answer = parsed(said)
                assert answer.status == 408
                assert answer.json["detail"].startswith("cannot wait more than")
            else:
                assert said == b""

    asyncio.run(scenario())


def test_the_second_head_on_a_connection_has_its_time_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk, head=0.05) as site,
            site.connected() as (reader, writer),
        ):
            whole = site.request("GET", "/healthz", connection=None)
            writer.write(whole)
            assert parsed(await reader.readuntil(b"ok\n")).status == 200
            await asyncio.sleep(0.2)  # longer than a head may take: it is idle, and may be
            writer.write(whole)
            assert parsed(await reader.readuntil(b"ok\n")).status == 200
            writer.write(whole[:20])
            assert parsed(await reader.read()).status == 408

    asyncio.run(scenario())


def test_a_head_that_came_with_the_request_before_it_has_its_time_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk, head=0.05) as site,
            site.connected() as (reader, writer),
        ):
            whole = site.request("GET", "/healthz", connection=None)
            writer.write(whole + whole[:20])
            assert parsed(await reader.readuntil(b"ok\n")).status == 200
            assert parsed(await reader.read()).status == 408

    asyncio.run(scenario())


def test_who_has_asked_nothing_for_longest_makes_room(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            at_work(tmp_path) as desk,
            visiting(desk, connections=2, head=60.0) as site,
            site.connected() as (oldest, _),
            site.connected() as (middle, writer),
        ):
            writer.write(site.request("GET", "/api/v1/events?follow=true", connection=None))
            assert parsed(await middle.readuntil(b"\r\n\r\n")).status == 200
            assert (await site.ask("GET", "/healthz")).status == 200
            with contextlib.suppress(ConnectionResetError):
                assert await oldest.read() == b""
            assert not middle.at_eof()  # a stream that is followed is nobody who waits

    asyncio.run(scenario())
