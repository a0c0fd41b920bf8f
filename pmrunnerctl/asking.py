"""A request as it travels: one frame, checked before it is sent."""

from typing import Any, Final

from pmrunnerctl.exits import misused
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p

_SPELLED: Final[dict[type[p.Request[Any]], str]] = {p.ChatSend: "send the message"}


def message(request: p.Request[Any], request_id: str = "") -> bytes:
    """Return a request as a frame; raise Cannot for one that no daemon would read."""
    name = p.BY_REQUEST[type(request)].name
    try:
        raw = frames.encode_request(request)
    except UnicodeEncodeError:
        raise misused(
            f"cannot {_asked(request)}: the text is not UTF-8", hint=f"pmrunnerctl {name} -h"
        ) from None
    except OverflowError:
        raise misused(
            f"cannot {_asked(request)}: a number of it is out of range",
            hint=f"pmrunnerctl {name} -h",
        ) from None
    call = frames.encode(frames.Call(call=1, request=raw, request_id=request_id))
    if len(call) > frames.FRAME_LIMIT:
        raise misused(
            f"cannot {_asked(request)}: {len(call)} bytes are more than the {frames.FRAME_LIMIT}"
            " that fit into a request",
            hint="commit it to the project as a file, and send the name of the file",
        )
    return call


def _asked(request: p.Request[Any]) -> str:
    """Say what a request asks for, as it follows `cannot`: `edit plan` for `plan edit`."""
    kind = type(request)
    return _SPELLED.get(kind) or " ".join(reversed(p.BY_REQUEST[kind].name.split()))
