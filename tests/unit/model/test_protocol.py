from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p


@pytest.mark.parametrize("command", p.COMMANDS, ids=lambda command: command.name)
def test_a_command_has_a_summary_and_one_kind_of_answer(command: p.Command) -> None:
    assert command.summary.endswith(".")
    assert command.changes + command.acts + command.stream <= 1
    assert command.only_looks or command.access is not p.Access.READ
    assert command.changes or command.acts or command.access is not p.Access.OPERATE


def test_every_request_is_in_the_table_once() -> None:
    assert {c.request for c in p.COMMANDS} == set(p.Request.__subclasses__())
    assert len(p.BY_NAME) == len(p.COMMANDS)


def test_a_request_travels_and_comes_back() -> None:
    sent = p.ProjectSet(project="demo", bootstrap_prompt="be kind")
    assert frames.requests.decode(frames.encode_request(sent)) == sent


def numbers(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield what is said of each number of a schema."""
    inner = schema.values() if isinstance(schema, dict) else schema
    if isinstance(schema, dict) and schema.get("type") in {"integer", "number"}:
        yield schema
    for one in inner if isinstance(schema, dict | list) else ():
        yield from numbers(one)


@pytest.mark.parametrize("command", p.COMMANDS, ids=lambda command: command.name)
def test_no_number_of_a_request_is_without_an_end(command: p.Command) -> None:
    for number in numbers(msgspec.json.schema(command.request)):
        assert number["type"] == "integer"
        assert number["minimum"] >= 0
        assert number["maximum"] < 1 << 53


def test_a_field_that_a_request_does_not_have_is_refused() -> None:
    body = msgspec.msgpack.encode({"command": "status", "colour": "red"})
    with pytest.raises(msgspec.ValidationError, match="colour"):
        frames.requests.decode(body)


def test_a_field_that_a_reply_does_not_have_is_skipped() -> None:
    body = msgspec.msgpack.encode(
        {"frame": "ok", "call": 1, "result": {"id": "m1", "mood": "good"}}
    )
    assert frames.to_client(p.Done).decode(body) == frames.Ok(call=1, result=p.Done(id="m1"))


def test_a_frame_carries_its_length() -> None:
    frame = frames.encode(frames.Hello())
    assert int.from_bytes(frame[: frames.HEADER], "big") == len(frame) - frames.HEADER


def test_the_schema_names_every_request_and_reply() -> None:
    names = p.schema()["$defs"]
    assert {c.request.__name__ for c in p.COMMANDS} <= set(names)
    assert {c.reply.__name__ for c in p.COMMANDS} <= set(names)
