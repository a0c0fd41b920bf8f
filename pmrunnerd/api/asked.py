"""Reads what an HTTP request asks for, as strictly as the control socket reads a frame."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request

from pmrunnerd.api.intake import UNREADABLE
from pmrunnerd.api.problems import Rejected
from pmrunnerd.api.wording import wording
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest, Code

BODY_LIMIT: Final = 4 << 20
# How many times the limit is heard out, so that who sends too much gets to read why.
PATIENCE: Final = 4
# Seconds that the body of a request may take to come in.
BODY_TIME: Final = 10.0


async def asked(command: p.Command, request: Request) -> p.Request[Any]:
    """Read a request from body or query. Raises BadRequest, or Rejected for what HTTP has words."""
    found: p.Request[Any]
    try:
        if not command.only_looks:
            found = msgspec.json.decode(await _body(request) or b"{}", type=command.request)
        else:
            found = msgspec.convert(_query(command, request), command.request, strict=False)
    except UNREADABLE as exc:
        raise BadRequest(f"cannot do {command.name}: {wording(exc)}") from None
    return found


def _query(command: p.Command, request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    query = dict(pairs)
    if len(query) != len(pairs):
        raise BadRequest(f"cannot do {command.name}: a parameter is given twice")
    last = request.headers.get("last-event-id", "")
    if command.stream and last:
        fields = command.request.__struct_fields__
        cursor, _, lineage = last.partition("@")
        query["since" if "since" in fields else "cursor"] = cursor
        if lineage and "lineage" in fields:
            query["lineage"] = lineage
    return query


async def _body(request: Request) -> bytes:
    """Return the body. Raises Rejected for one that is too large or too slow."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_TIME):
            async for part in request.stream():
                size += len(part)
                if size <= BODY_LIMIT:
                    body += part
                elif size > PATIENCE * BODY_LIMIT:
                    break
    except TimeoutError:
        late = f"cannot wait more than {BODY_TIME:.0f} s for the body"
        raise Rejected(HTTPStatus.REQUEST_TIMEOUT, late) from None
    except ClientDisconnect:
        raise Rejected(HTTPStatus.BAD_REQUEST, "cannot read the body: you hung up") from None
    if size > BODY_LIMIT:
        raise Rejected(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"cannot read a body of more than {BODY_LIMIT} bytes",
            code=Code.TOO_LARGE,
        )
    return bytes(body)
