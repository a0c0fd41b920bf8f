import asyncio
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import pytest

from pmrunnerd.api.guard import Guard, Receive, Scope, Send, check
from pmrunnerd.api.problems import Rejected

TOKEN = "t" * 43


def scope(method: str = "GET", path: str = "/api/v1/status", **headers: str) -> Scope:
    wanted = {"host": "localhost:3503", "authorization": f"Bearer {TOKEN}"} | headers
    pairs = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in wanted.items()]
    return {"type": "http", "method": method, "path": path, "headers": pairs}


def rejected(asked: Scope) -> HTTPStatus:
    with pytest.raises(Rejected) as found:
        check(asked, TOKEN)
    return found.value.status


def test_a_good_request_passes() -> None:
    check(scope(), TOKEN)
    check(scope("POST", content_type="application/json"), TOKEN)
    check(scope(authorization=f"bearer  {TOKEN}"), TOKEN)


def test_a_websocket_is_not_for_us() -> None:
    assert rejected({**scope(), "type": "websocket"}) == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "path", ["/healthz/", "/healthz/../api/v1/status", "//healthz", "/Healthz"]
)
def test_only_two_paths_are_open_and_only_so_spelled(path: str) -> None:
    assert rejected(scope(path=path, authorization="")) == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "post", "QUERY"])
def test_whatever_does_not_only_look_is_a_change(method: str) -> None:
    assert rejected(scope(method)) == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    foreign = scope(method, content_type="application/json", origin="http://evil.example")
    assert rejected(foreign) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("name", ["host", "authorization", "content-type", "origin"])
def test_a_header_that_decides_stands_once(name: str) -> None:
    asked = scope("POST", content_type="application/json", origin="http://localhost:3503")
    check(asked, TOKEN)
    asked["headers"].append((name.encode(), b"x"))
    assert rejected(asked) == HTTPStatus.BAD_REQUEST


def test_an_empty_token_is_nobodys() -> None:
    assert rejected(scope(authorization="Bearer ")) == HTTPStatus.UNAUTHORIZED


def test_what_is_rejected_does_not_reach_the_application() -> None:
    said: list[MutableMapping[str, Any]] = []
    reached: list[Scope] = []

    async def application(asked: Scope, _: Receive, __: Send) -> None:
        reached.append(asked)

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {}

    guard = Guard(application, TOKEN)
    asyncio.run(guard(scope(authorization="Bearer no"), receive, send))
    assert (reached, said[0]["status"]) == ([], 401)
    assert b'"code":"forbidden"' in said[1]["body"]
    asyncio.run(guard(scope(), receive, send))
    assert len(reached) == 1


def test_a_request_without_the_token_is_in_the_log_and_the_token_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def nothing(*_: object) -> Any:
        raise AssertionError("nobody may get this far")

    asyncio.run(Guard(nothing, TOKEN)(scope(authorization="Bearer guessed"), nothing, send))
    assert sent[0]["status"] == HTTPStatus.UNAUTHORIZED
    (record,) = caplog.records
    assert record.getMessage() == "request-refused"
    assert record.__dict__["fields"] == {
        "door": "web",
        "status": 401,
        "reason": "cannot let you in: the token is missing or wrong",
    }


def test_requests_under_way_are_counted_and_health_is_answered_all_the_same() -> None:
    async def scenario() -> None:
        leave, sent = asyncio.Event(), []

        async def application(asked: Scope, _: Receive, send: Send) -> None:
            if asked["path"] != "/healthz":
                await leave.wait()
            await send({"type": "http.response.start", "status": 200})

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.disconnect"}

        guard = Guard(application, TOKEN, most=2)
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(guard(scope(), receive, send))
            await asyncio.sleep(0)
            await guard(scope(), receive, send)
            assert sent[0]["status"] == HTTPStatus.SERVICE_UNAVAILABLE
            assert b'"retryable":true' in sent[1]["body"]
            await guard(scope(path="/healthz"), receive, send)
            assert sent[2]["status"] == HTTPStatus.OK
            leave.set()
        await guard(scope(), receive, send)
        assert [m["status"] for m in sent[3:]] == [200, 200, 200]

    asyncio.run(scenario())
