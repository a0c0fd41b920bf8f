import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.requests import Request

from pmrunnerd.api.asked import BODY_LIMIT, PATIENCE, asked
from pmrunnerd.api.problems import Rejected
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest


def query(request: type[p.Request[Any]], text: str, **headers: str) -> p.Request[Any]:
    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "http", "method": "GET", "query_string": text.encode(), "headers": pairs}
    return asyncio.run(asked(p.BY_REQUEST[request], Request(scope)))


def body(request: type[p.Request[Any]], *parts: bytes) -> tuple[p.Request[Any], int]:
    """Read a body that comes in parts; tell how many of them were taken."""
    rest = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        part = rest.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(rest)}

    scope = {"type": "http", "method": "POST", "query_string": b"", "headers": []}
    found = asyncio.run(asked(p.BY_REQUEST[request], Request(scope, receive)))
    return found, len(parts) - len(rest)


def test_a_query_is_a_request_with_its_types() -> None:
    assert query(p.TaskList, "project=demo&limit=7") == p.TaskList(project="demo", limit=7)
    assert query(p.RunLogs, "run=r1&follow=true") == p.RunLogs(run="r1", follow=True)
    assert query(p.Status, "") == p.Status()


@pytest.mark.parametrize("text", ["limit=0", "limit=x", "limit=1.5", "nope=1", "limit=1&limit=2"])
def test_a_query_is_read_strictly(text: str) -> None:
    with pytest.raises(BadRequest, match="cannot do task list: "):
        query(p.TaskList, text)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (b"1e999", "a number out of range"),
        (b"-1e999", "a number out of range"),
        (b"9" * 400, "more than 9007199254740991"),
    ],
)
def test_a_number_without_an_end_is_named_in_a_body(number: bytes, why: str) -> None:
    given = b'{"plan":"p1","tasks":[],"edits":%b}' % number
    with pytest.raises(BadRequest, match=f"cannot do plan edit: edits is {why}"):
        body(p.PlanEdit, given)


def test_a_browser_goes_on_from_the_last_event_that_it_saw() -> None:
    assert query(p.Events, "since=1", last_event_id="5") == p.Events(since=5)
    assert query(p.RunLogs, "run=r1", last_event_id="5") == p.RunLogs(run="r1", cursor=5)
    assert query(p.TaskList, "", last_event_id="5") == p.TaskList()
    with pytest.raises(BadRequest):
        query(p.Events, "", last_event_id="x")


def test_the_last_event_that_a_browser_saw_says_of_which_lineage_it_was() -> None:
    assert query(p.Events, "", last_event_id="5@a") == p.Events(since=5, lineage="a")
    assert query(p.ChatFollow, "project=x", last_event_id="5@2026-01-01T00:00:00.000Z") == (
        p.ChatFollow(project="x", since=5, lineage="2026-01-01T00:00:00.000Z")
    )
    assert query(p.StateBackup, "", last_event_id="") == p.StateBackup()


def test_a_body_may_come_in_parts_and_may_be_empty_where_nothing_is_needed() -> None:
    assert body(p.Stop, b'{"keep', b'Runs":true}')[0] == p.Stop(keep_runs=True)
    assert body(p.Stop, b"")[0] == p.Stop()


def test_a_body_may_name_its_command_but_no_other() -> None:
    assert body(p.TaskCancel, b'{"command":"task cancel","task":"t1"}')[0] == p.TaskCancel(
        task="t1"
    )
    with pytest.raises(BadRequest, match="cannot do task cancel"):
        body(p.TaskCancel, b'{"command":"task retry","task":"t1"}')


def test_who_sends_too_much_is_heard_out_for_a_while_and_no_longer() -> None:
    part = b" " * (BODY_LIMIT // 2 + 1)
    with pytest.raises(Rejected) as rejected:
        body(p.Stop, part, part)
    assert rejected.value.status == 413
    with pytest.raises(Rejected) as rejected:
        body(p.Stop, *([part] * 2 * (PATIENCE + 1)))
    assert rejected.value.status == 413
