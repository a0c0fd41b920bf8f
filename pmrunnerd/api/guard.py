"""Who may come in by the web door: everything is refused that is not clearly meant for us.

A browser sends requests to us for any page that asks it to. So a request needs a token that no page
knows, has to name us as its host and, to change something, has to come from a page of ours.
"""

import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from pmrunnerd.api import problems
from pmrunnerd.api.problems import Rejected
from pmrunnerd.model.errors import Code

log = logging.getLogger(__name__)

# Requests under way at a time, streams among them; those in OPEN are answered in any case.
MOST: Final = 256
OPEN: Final = frozenset({"/healthz", "/readyz"})
# Any port, because of `ssh -L 8080:127.0.0.1:3503`; it is the name that a hostile page cannot fake.
_LOCAL: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.ASCII)
_LOOKS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS: Final = frozenset({"", "same-origin", "none"})

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Stands before an application and lets through what `check` does not reject."""

    def __init__(self, app: App, token: str, most: int = MOST) -> None:
        self._app = app
        self._token = token
        self._most = most
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            check(scope, self._token)
            if scope["path"] not in OPEN:
                self._check_room()
        except Rejected as rejected:
            fields = {
                "door": "web",
                "status": rejected.status.value,
                "reason": rejected.why.message,
            }
            log.warning("request-refused", extra={"fields": fields})
            await _reject(send, rejected)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1

    def _check_room(self) -> None:
        """Requests count, streams among them; connections without one do not."""
        if self._under_way >= self._most:
            raise Rejected(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"cannot answer now: {self._most} requests are under way",
                code=Code.UNAVAILABLE,
                retryable=True,
            )


def check(scope: Mapping[str, Any], token: str) -> None:
    """Raise Rejected where a request must not come in."""
    if scope["type"] != "http":
        raise Rejected(HTTPStatus.BAD_REQUEST, "cannot talk to you: this is an HTTP server")
    headers = _headers(scope)
    host = headers.get("host", "").lower()
    if not _LOCAL.fullmatch(host):
        raise Rejected(
            HTTPStatus.MISDIRECTED_REQUEST,
            f"cannot answer for host {host[:64]!r}: this is localhost",
            code=Code.FORBIDDEN,
            hint="ssh -L 3502:127.0.0.1:3502 HOST",
        )
    if scope["path"] in OPEN:
        return
    if not _has_token(headers.get("authorization", ""), token):
        raise Rejected(
            HTTPStatus.UNAUTHORIZED,
            "cannot let you in: the token is missing or wrong",
            code=Code.FORBIDDEN,
            hint='curl -H "Authorization: Bearer $(cat state/web.token)"',
        )
    if scope["method"] not in _LOOKS:
        _check_change(headers, host)


def _check_change(headers: Mapping[str, str], host: str) -> None:
    origin = headers.get("origin", "").lower()
    ours = origin in {"", f"http://{host}", f"https://{host}"}
    if not ours or headers.get("sec-fetch-site", "") not in _OURS:
        raise Rejected(
            HTTPStatus.FORBIDDEN,
            "cannot change anything for a page of another origin",
            code=Code.FORBIDDEN,
        )
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Rejected(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"cannot read a body of type {media_type[:64] or 'nothing'!r}",
            hint='curl -H "Content-Type: application/json"',
        )


def _headers(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name. Two of one name could mean two things to two readers."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        if key in found and key in {"host", "authorization", "origin", "content-type"}:
            raise Rejected(HTTPStatus.BAD_REQUEST, f"cannot read the request: two headers {key}")
        found[key] = value.decode("latin-1")
    return found


def _has_token(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    return same and scheme.lower() == "bearer"


async def _reject(send: Send, rejected: Rejected) -> None:
    headers = [(b"content-type", problems.MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
    if rejected.status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    body = problems.encode(problems.problem(rejected.why, rejected.status))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": rejected.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
