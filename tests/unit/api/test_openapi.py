import json
from collections.abc import Iterator
from typing import Any

import pytest

from pmrunnerd.api import openapi
from pmrunnerd.model import protocol as p

DOCUMENT = json.loads(json.dumps(openapi.document("/api/v1"), default=str))
SCHEMAS = DOCUMENT["components"]["schemas"]


def operation(command: p.Command) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][openapi.path(command)][
        openapi.method(command).lower()
    ]
    return found


@pytest.mark.parametrize("command", p.COMMANDS, ids=lambda command: command.name)
def test_every_parameter_of_every_command_is_told(command: p.Command) -> None:
    told = operation(command)
    fields = set(command.request.__struct_encode_fields__)

    if command.only_looks:
        assert {one["name"] for one in told["parameters"]} == fields
        assert {one["in"] for one in told["parameters"]} <= {"query"}
    else:
        ref = told["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert set(SCHEMAS[ref.rpartition("/")[2]]["properties"]) == fields
        keys = [one["name"] for one in told["parameters"]]
        assert keys == (["Idempotency-Key"] if command.changes else [])
    (kind,) = told["responses"]["200"]["content"]
    assert kind == ("text/event-stream" if command.stream else "application/json")


def test_what_is_needed_is_told_and_the_tag_that_the_path_says_is_not() -> None:
    (project, *others) = openapi.parameters(p.BY_REQUEST[p.ChatHistory])

    assert (project["name"], project["required"]) == ("project", True)
    assert not any(one["required"] for one in others)
    assert SCHEMAS["ChatSend"]["required"] == ["project", "text"]
    assert "command" not in SCHEMAS["ChatSend"]["properties"]


def test_whatever_is_referred_to_is_there() -> None:
    for ref in references(DOCUMENT):
        assert ref.removeprefix("#/components/schemas/") in SCHEMAS


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str):
            yield ref
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
