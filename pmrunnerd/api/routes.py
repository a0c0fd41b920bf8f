"""`/api/v1/…`, made from COMMANDS: `project add` is `POST /api/v1/project/add`, never a second set.

Import it late: Starlette takes longer to import than the rest of the daemon takes to start.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pmrunnerd.api import problems
from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.feed import cursor_of
from pmrunnerd.api.intake import UNREADABLE
from pmrunnerd.api.problems import Rejected
from pmrunnerd.api.respond import Refusal, explain, respond, stream
from pmrunnerd.api.sse import EventStream, Streams
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest, Code

BODY_LIMIT: Final = 4 << 20
# How many times the limit is heard out, so that who sends too much gets to read why.
PATIENCE: Final = 4
# Seconds that the body of a request may take to come in.
BODY_TIME: Final = 10.0

Endpoint = Callable[[Request], Awaitable[Any]]


def application(desk: Desk, health: Callable[[], str], streams: Streams) -> Starlette:
    """Return the application. `health` says what keeps us from working; empty if nothing does."""
    # Who has the token can read the state directory. Still, a browser is nobody's signature.
    caller = Caller(name="web", uid=os.geteuid(), access=p.Access.OPERATE)

    async def healthz(_: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def readyz(_: Request) -> Response:
        problem = health()
        return Response(f"{problem or 'ok'}\n", 503 if problem else 200, media_type="text/plain")

    def endpoint(command: p.Command) -> Endpoint:
        async def serve(request: Request) -> Any:
            try:
                asked = await _asked(command, request)
                if command.stream:
                    items = stream(desk, caller, asked)
                    return EventStream(desk, command.name, items, cursor_of(asked), streams)
                identifier = request.headers.get("idempotency-key", "")
                return _json(await respond(desk, caller, asked, identifier))
            except Rejected as rejected:
                return _problem(rejected.why, rejected.status)
            except Exception as exc:  # noqa: BLE001 - the caller is told, and the log if it is a bug
                return _problem(explain(desk, command.name, exc))

        return serve

    routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
    for command in p.COMMANDS:
        methods = ["POST"] if command.changes else ["GET"]
        routes.append(Route(path(command), endpoint(command), methods=methods))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _http_exception})
    app.router.redirect_slashes = False
    return app


def path(command: p.Command) -> str:
    """Return the path of a command: its words."""
    return "/api/v1/" + command.name.replace(" ", "/")


async def _asked(command: p.Command, request: Request) -> p.Request[Any]:
    """Read a request from body or query. Raises BadRequest, or Rejected for what HTTP has words."""
    asked: p.Request[Any]
    try:
        if command.changes:
            asked = msgspec.json.decode(await _body(request) or b"{}", type=command.request)
        else:
            asked = msgspec.convert(_query(command, request), command.request, strict=False)
    except UNREADABLE as exc:
        raise BadRequest(f"cannot {command.name}: {exc}") from None
    return asked


def _query(command: p.Command, request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    query = dict(pairs)
    if len(query) != len(pairs):
        raise BadRequest(f"cannot {command.name}: a parameter is given twice")
    last = request.headers.get("last-event-id", "")
    if command.stream and last:
        fields = command.request.__struct_fields__
        query["since" if "since" in fields else "cursor"] = last
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


def _json(reply: Any) -> Response:
    return Response(
        msgspec.json.encode(reply),
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def _problem(why: Refusal, status: HTTPStatus | None = None) -> Response:
    body = problems.problem(why, status)
    return Response(
        problems.encode(body),
        body.status,
        media_type=problems.MEDIA_TYPE,
        headers={"cache-control": "no-store"},
    )


async def _http_exception(request: Request, exc: Exception) -> Response:
    """Answer for a path or a method that is not there."""
    assert isinstance(exc, HTTPException)
    status = HTTPStatus(exc.status_code)
    code = Code.NOT_FOUND if status is HTTPStatus.NOT_FOUND else Code.BAD_REQUEST
    what = f"cannot {request.method} {request.url.path[:128]}: {status.phrase.lower()}"
    response = _problem(Refusal(code=code, message=what), status)
    response.headers.update(exc.headers or {})
    return response
