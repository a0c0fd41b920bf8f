"""`/api/v1/…`, made from COMMANDS: `project add` is `POST /api/v1/project/add`, never a second set.

Import it late: Starlette takes longer to import than the rest of the daemon takes to start.
"""

import os
import shlex
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pmrunnerd.api import openapi, problems
from pmrunnerd.api.access import Caller
from pmrunnerd.api.asked import asked
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.feed import cursor_of
from pmrunnerd.api.problems import Rejected
from pmrunnerd.api.respond import Refusal, explain, respond, stream
from pmrunnerd.api.sse import EventStream, Streams
from pmrunnerd.api.token import FILE as TOKEN
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code

# Lists the others.
INDEX: Final = "/api/v1"
# Says of each what it takes and gives.
DOCUMENT: Final = f"{INDEX}/openapi.json"

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
                wanted = await asked(command, request)
                if command.stream:
                    items = stream(desk, caller, wanted)
                    return EventStream(desk, command.name, items, cursor_of(wanted), streams)
                identifier = request.headers.get("idempotency-key", "")
                return _json(await respond(desk, caller, wanted, identifier))
            except Rejected as rejected:
                return _problem(rejected.why, rejected.status)
            except Exception as exc:  # noqa: BLE001 - the caller is told, and the log if it is a bug
                return _problem(explain(desk, command.name, exc))

        return serve

    routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
    routes += [Route(INDEX, _index), Route(DOCUMENT, _document)]
    routes += [Route(path(c), endpoint(c), methods=[openapi.method(c)]) for c in p.COMMANDS]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_there(desk)})
    app.router.redirect_slashes = False
    return app


def path(command: p.Command) -> str:
    """Return the path of a command: its words."""
    return f"{INDEX}{openapi.path(command)}"


async def _index(_: Request) -> Response:
    listed = [_described(command) for command in p.COMMANDS]
    return _json({"openapi": DOCUMENT, "commands": listed})


async def _document(_: Request) -> Response:
    return _json(openapi.document(INDEX))


def _described(command: p.Command) -> dict[str, Any]:
    return {
        "method": openapi.method(command),
        "path": path(command),
        "access": command.access,
        "stream": command.stream,
        "summary": command.summary,
        "parameters": openapi.parameters(command),
    }


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


def _not_there(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, exc: Exception) -> Response:
        token = shlex.quote(str(desk.state_directory / TOKEN))
        where = f'-H "Authorization: Bearer $(cat {token})" {request.base_url}{INDEX[1:]}'
        return _http_exception(request, exc, f"curl {where}   lists what there is")

    return answer


def _http_exception(request: Request, exc: Exception, hint: str) -> Response:
    """Answer for a path or a method that is not there."""
    assert isinstance(exc, HTTPException)
    status = HTTPStatus(exc.status_code)
    code = Code.NOT_FOUND if status is HTTPStatus.NOT_FOUND else Code.BAD_REQUEST
    what = f"cannot {request.method} {request.url.path[:128]}: {status.phrase.lower()}"
    response = _problem(Refusal(code=code, message=what, hint=hint), status)
    response.headers.update(exc.headers or {})
    return response
