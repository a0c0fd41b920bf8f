"""What the web door answers, by raw requests to a real one."""

import asyncio
import json
import signal
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api.sockets import bind_tcp
from pmrunnerd.api.web import WebDoor, WebLimits
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Refused
from tests.integration.api.browsers import following, visiting
from tests.unit.api import desks
from tests.unit.api.desks import Bench, at_work, until

MESSAGE = {"project": "demo", "text": "do it"}


def test_a_command_is_its_path_and_its_fields_are_body_or_query(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            body = {"path": "/srv/demo", "alias": "demo", "planApproval": "manual"}
            added = await site.post("/project/add", body, "a")
            assert (added.status, added.json["id"]) == (200, "w1")
            assert added.json["planApproval"] == "manual"
            sent = await site.post("/chat/send", MESSAGE, "b")
            assert sent.json == {"id": "m1"}
            page = await site.get("/chat/history?project=demo&limit=5")
            (entry,) = page.json["entries"]
            assert (entry["text"], entry["author"]) == ("do it", "web")
            assert page.headers["cache-control"] == "no-store"

    asyncio.run(scenario())


def test_the_same_key_again_gets_the_same_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            await desk.store.commit(desks.added())
            first = await site.post("/chat/send", MESSAGE, "a")
            again = await site.post("/chat/send", MESSAGE, "a")
            assert (again.status, again.body) == (first.status, first.body)
            assert again.headers.keys() == first.headers.keys()  # but for the time
            other = await site.post("/chat/send", MESSAGE | {"text": "no"}, "a")
            assert (other.status, other.json["code"]) == (409, "conflict")
            none = await site.post("/chat/send", MESSAGE)
            assert (none.status, none.json["code"]) == (400, "bad-request")
            assert list(desk.store.state.messages) == ["m1"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "detail"),
    [
        ("GET", "/task/show?task=t9", None, 404, "cannot find task t9"),
        ("GET", "/task/show", None, 400, "cannot do task show: task is missing"),
        ("GET", "/status?x=1", None, 400, "cannot do status: there is no x"),
        (
            "GET",
            "/task/list?limit=x",
            None,
            400,
            "cannot do task list: limit is text and should be a whole number",
        ),
        ("GET", "/task/list?limit=1&limit=2", None, 400, "cannot do task list: a parameter"),
        ("GET", "/nothing", None, 404, "cannot GET /api/v1/nothing: not found"),
        ("GET", "/stop", None, 405, "cannot GET /api/v1/stop: method not allowed"),
        ("POST", "/status", b"{}", 405, "cannot POST /api/v1/status: method not allowed"),
        ("POST", "/chat/send", b"{", 400, "cannot do chat send: "),
        ("POST", "/chat/send", b"[1]", 400, "cannot do chat send: it is a list"),
        ("POST", "/chat/send", b"\xff", 400, "cannot do chat send: "),
        ("POST", "/chat/send", b"[" * 100_000, 400, "cannot do chat send: "),
        ("POST", "/chat/send", b'{"project":"demo","text":"\\ud800"}', 400, "cannot do chat send"),
        ("POST", "/chat/send", b" " * (5 << 20), 413, "cannot read a body of more than"),
    ],
)
def test_what_cannot_be_done_is_a_problem_with_its_reason(  # noqa: PLR0913 - a row of a table
    tmp_path: Path, method: str, path: str, body: bytes | None, status: int, detail: str
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            answer = await site.ask(method, f"/api/v1{path}", body, idempotency_key="a")
            assert answer.status == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json["status"] == status
            assert answer.json["detail"].startswith(detail)

    asyncio.run(scenario())


def test_a_stream_goes_on_from_the_cursor_that_was_seen_last(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            await desk.store.commit(desks.added())
            await desk.store.commit(desks.posted("first"))
            async with following(site, "/chat/follow?project=demo&since=0") as stream:
                event = await stream.next()
                assert event["id"] == "2"
                assert json.loads(event["data"])["text"] == "first"
            await desk.store.commit(desks.posted("second", "m2"), desks.posted("third", "m3"))
            path = "/chat/follow?project=demo&since=0"
            async with following(site, path, last_event_id="2") as stream:
                both = [await stream.next(), await stream.next()]
                assert [json.loads(e["data"])["text"] for e in both] == ["second", "third"]
                # What came in one commit is seen as a whole or again.
                assert [e.get("id") for e in both] == [None, "3"]

    asyncio.run(scenario())


def test_a_stream_that_has_an_end_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            await desk.store.commit(desks.added())
            answer = await site.get("/events")
            first, last, *_ = answer.body.split(b"\n\n")
            assert first.endswith(b"\nid: 1")
            assert last == b'event: closed\ndata: {"reason":"end","cursor":1}'

    asyncio.run(scenario())


def test_a_follower_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            await desk.store.commit(desks.added())
            async with following(site, "/events?follow=true") as stream:
                await stream.next()
                assert len(site.door.streams) == 1
            await until(lambda: not len(site.door.streams))

    asyncio.run(scenario())


def test_streams_hear_that_we_leave_and_nobody_holds_us_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            await desk.store.commit(desks.added())
            async with (
                site.connected() as (_, rude),
                site.connected(),
                following(site, "/events?follow=true") as stream,
            ):
                rude.write(site.request("POST", "/api/v1/stop", b"{}")[:-1])
                await stream.next()
                async with asyncio.timeout(180):
                    await site.close()
                closed = await stream.next()
                assert closed["event"] == "closed"
                assert json.loads(closed["data"]) == {"reason": "stopping", "cursor": 1}
            assert not desk.doors

    asyncio.run(scenario())


def test_readiness_says_what_is_wrong(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        async with at_work(tmp_path, bench) as desk, visiting(desk) as site:
            bench.problem = "the disk is full"
            answer = await site.ask("GET", "/readyz")
            assert (answer.status, answer.body) == (503, b"the disk is full\n")
            assert (await site.ask("GET", "/healthz")).status == 200

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_shown_and_opened_when_it_is_free(tmp_path: Path) -> None:
    async def scenario() -> None:
        taken = bind_tcp("127.0.0.1", 0)
        port = taken.getsockname()[1]
        async with at_work(tmp_path) as desk, asyncio.TaskGroup() as group:
            desk.settings = replace(desk.settings, web_port=port)
            door = WebDoor(desk, asyncio.get_running_loop().time, limits=WebLimits(again=0.01))
            serving = group.create_task(door.serve())
            await until(lambda: desk.doors)
            assert desk.doors["web"].problem.startswith(f"cannot listen at 127.0.0.1:{port}: port")
            assert "pid " in desk.doors["web"].problem
            taken.close()
            await door.ready.wait()
            assert desk.doors["web"].problem == ""
            serving.cancel()

    asyncio.run(scenario())


def test_a_closed_port_is_no_door_and_a_public_address_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await WebDoor(desk, lambda: 0.0).serve()
            assert not desk.doors
            for host in ("0.0.0.0", "192.0.2.1", "example.org", "::"):  # noqa: S104 - refused
                desk.settings = replace(desk.settings, web_host=host)
                with pytest.raises(Refused, match="other machines"):
                    WebDoor(desk, lambda: 0.0)

    asyncio.run(scenario())


def test_signals_stay_with_who_had_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
        async with at_work(tmp_path) as desk, visiting(desk):
            now = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
            assert now == before

    asyncio.run(scenario())


def test_what_can_be_let_go_is_looked_at_by_get_and_let_go_by_post(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        async with at_work(tmp_path, bench) as desk, visiting(desk) as site:
            assert (await site.get("/run/prunable")).json["limit"] == 1
            assert bench.retention.pruned == []
            assert (await site.post("/run/prune", {})).json["runs"] == []
            assert bench.retention.pruned == ["web"]
            assert (await site.get("/run/prune")).status == 405

    asyncio.run(scenario())


def test_a_browser_that_comes_back_to_a_restored_state_is_told_and_goes_on_there(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk, visiting(desk) as site:
            await desk.store.commit(ev.DaemonStarted(release="1", pid=1))
            await desk.store.commit(desks.added())
            before = await site.get("/events")
            assert b"\nid: 2@" + desks.AT.encode() in before.body
            await desk.store.commit(ev.StateRestored(commits=2, kept="another"))
            await desk.store.commit(desks.posted("after"))
            told = await site.get("/events", last_event_id=f"3@{desks.AT}")
            assert told.body == (
                b'event: closed\ndata: {"reason":"restored","cursor":2}\nid: 2@another\n\n'
            )
            rest = await site.get("/events", last_event_id="2@another")
            assert (b"after" in rest.body, b"project-added" in rest.body) == (True, False)
            old = await site.get("/events", last_event_id="3")
            assert old.status == 200, "who knows of no lineage is answered as ever"

    asyncio.run(scenario())
