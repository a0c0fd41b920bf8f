"""Posts a notification to a URL, once, and says what that answered; no redirect is followed."""

import http.client
import socket
from collections.abc import Sequence
from typing import Final

import msgspec

from pmrunnerd.model.notices import Address, Notification, Word, parsed, shown
from pmrunnerd.notify.dial import Forbidden, Unreachable, connect
from pmrunnerd.notify.reach import Network

# Seconds in which something must be heard.
SILENCE: Final = 15.0
_MOST_ANSWER: Final = 64 << 10
_TAKEN: Final = range(200, 300)
_ELSEWHERE: Final = range(300, 400)
_REFUSED: Final = range(400, 500)
# What a receiver says that may take it later: too slow, too early, too many.
_LATER: Final = frozenset({408, 425, 429})


class _Line(http.client.HTTPConnection):
    """A connection that is there already."""

    def __init__(self, to: Address, line: socket.socket) -> None:
        super().__init__(to.host, to.port)
        self.sock = line


def post(url: str, notification: Notification, private: Sequence[Network], proxy: str = "") -> Word:
    """Send it, and return that it was taken. Raises Unreachable, Forbidden."""
    to = parsed(url)
    if to is None:
        raise Forbidden("cannot send: that is no URL")
    line = connect(to, private, parsed(proxy) if proxy else None)
    line.settimeout(SILENCE)
    status = _status(_Line(to, line), to, msgspec.json.encode(notification))
    where = shown(url)
    if status in _TAKEN:
        return Word(delivered=True, said=f"{where} took it ({status})")
    if status in _ELSEWHERE:
        raise Forbidden(
            f"cannot send to {where}: it said {status}, and redirects are not followed",
            "set notify.webhook to where it leads",
        )
    if status in _REFUSED and status not in _LATER:
        raise Forbidden(f"cannot send to {where}: it refused ({status})")
    raise Unreachable(f"cannot send to {where}: it said {status}")


def _status(line: _Line, to: Address, body: bytes) -> int:
    try:
        headers = {
            "Host": to.authority,
            "Content-Type": "application/json",
            "User-Agent": "pm-runner",
            "Connection": "close",
        }
        line.request("POST", to.path, body, headers)
        with line.getresponse() as answer:
            answer.read(_MOST_ANSWER)
            return answer.status
    except (OSError, http.client.HTTPException) as exc:
        why = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        raise Unreachable(f"cannot speak to {to.host}: {why}") from exc
    finally:
        line.close()
