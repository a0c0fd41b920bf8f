"""What `/api/v1` takes and gives, as an OpenAPI document made from the one table of commands."""

from functools import cache
from typing import Any, Final

import msgspec

from pmrunnerd import __version__
from pmrunnerd.api import problems
from pmrunnerd.api.sse import MEDIA_TYPE as EVENTS
from pmrunnerd.model import protocol as p

OPENAPI: Final = "3.1.0"
_JSON: Final = "application/json"
_WHERE: Final = "#/components/schemas/{name}"
# The tag of a request: a path says it already.
_TAG: Final = "command"
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "Names the request: the same one again gets the same answer, and no second effect.",
}


def path(command: p.Command) -> str:
    """Return the path of a command below the index: its words."""
    return "/" + command.name.replace(" ", "/")


def method(command: p.Command) -> str:
    """Return how a command is asked: only what makes no difference is a GET."""
    return "GET" if command.only_looks else "POST"


@cache
def document(index: str) -> dict[str, Any]:
    """Return the document for commands below a path."""
    schemas = _schemas()
    return {
        "openapi": OPENAPI,
        "info": {"title": "pm-runner", "version": __version__},
        "servers": [{"url": index}],
        "security": [{"token": []}],
        "paths": {
            path(command): {method(command).lower(): _operation(command, schemas)}
            for command in p.COMMANDS
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "What is in web.token of the state directory.",
                }
            },
        },
    }


def parameters(command: p.Command) -> list[dict[str, Any]]:
    """Return what a command takes, by name, and what it must be given."""
    taken = _schemas()[command.request.__name__]
    needed = taken.get("required", ())
    return [
        {"name": name, "required": name in needed, "schema": schema}
        for name, schema in taken.get("properties", {}).items()
    ]


@cache
def _schemas() -> dict[str, Any]:
    """Return the schemas of all requests, without their tags, of all replies, and of an error."""
    types = [t for c in p.COMMANDS for t in (c.request, c.reply)]
    _, found = msgspec.json.schema_components([*types, problems.Problem], ref_template=_WHERE)
    for command in p.COMMANDS:
        schema = found[command.request.__name__]
        schema.get("properties", {}).pop(_TAG, None)
        needed = [name for name in schema.pop("required", ()) if name != _TAG]
        schema |= {"required": needed} if needed else {}
    return found


def _operation(command: p.Command, schemas: dict[str, Any]) -> dict[str, Any]:
    name = command.request.__name__
    said: dict[str, Any] = {
        "operationId": name,
        "summary": command.summary,
        "x-access": command.access,
        "responses": {
            "200": {
                "description": schemas[command.reply.__name__].get("description", ""),
                "content": {EVENTS if command.stream else _JSON: _content(command.reply.__name__)},
            },
            "default": {
                "description": "What cannot be done, why, and what helps.",
                "content": {problems.MEDIA_TYPE: _content(problems.Problem.__name__)},
            },
        },
    }
    if command.only_looks:
        said["parameters"] = [{**one, "in": "query"} for one in parameters(command)]
    else:
        said["parameters"] = [_KEY] if command.changes else []
        said["requestBody"] = {"required": True, "content": {_JSON: _content(name)}}
    return said


def _content(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": _WHERE.format(name=name)}}
