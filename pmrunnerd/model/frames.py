"""What travels on the control socket: a 4-byte big-endian length, then one msgpack frame.

The first frame each way is a hello. Then the client sends calls, many at a time if it likes, and
the daemon answers each by its number: one `Ok` or `Failed`, or for a stream any number of `Item`s
and one `Closed`. A call that changes something carries a request identifier made by the client;
the same identifier again gets the same answer.
"""

import struct
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.naming import kebab

R = TypeVar("R")

VERSION: Final = 1
HEADER: Final = 4
FRAME_LIMIT: Final = 4 << 20


class Frame(Struct, frozen=True, kw_only=True, rename="camel", tag_field="frame", tag=kebab):
    """Base of all frames."""


class Hello(Frame, frozen=True, kw_only=True):
    """The first frame each way: the versions that the sender speaks, and who it is.

    `lineage` is that of the daemon's state, empty before it has one; None from who knows of none.
    """

    lowest: int = VERSION
    highest: int = VERSION
    environment: str = ""
    release: str = ""
    lineage: str | None = None


class Call(Frame, frozen=True, kw_only=True):
    """One request. `call` is the client's own number for it."""

    call: int
    request: msgspec.Raw
    request_id: str = ""


class Cancel(Frame, frozen=True, kw_only=True):
    """The client has enough of a stream."""

    call: int


class Ok(Frame, Generic[R], frozen=True, kw_only=True):
    """The reply to one call."""

    call: int
    result: R


class Item(Frame, Generic[R], frozen=True, kw_only=True):
    """One more of a stream."""

    call: int
    item: R


class Closed(Frame, frozen=True, kw_only=True):
    """The end of a stream, and why: `end`, `stopping`, `lagged`, or `restored`.

    Go on from `cursor`. What was `restored` is a state of another lineage than the cursor that was
    asked for: up to this one both are the same.
    """

    call: int
    reason: str
    cursor: int = 0


class Failed(Frame, frozen=True, kw_only=True):
    """Nothing was done, or it was tried and did not work: `message` says which."""

    call: int
    code: Code
    message: str
    hint: str = ""
    retryable: bool = False


to_daemon: Final = msgspec.msgpack.Decoder(Hello | Call | Cancel)
requests: Final = msgspec.msgpack.Decoder(p.AnyRequest)
_encoder: Final = msgspec.msgpack.Encoder()
_prefix: Final = struct.Struct(">I").pack


def encode(frame: Frame) -> bytes:
    """Return the frame as it travels, length first."""
    body = _encoder.encode(frame)
    return _prefix(len(body)) + body


def encode_request(request: p.Request[Any]) -> msgspec.Raw:
    """Return a request as it stands inside a `Call`."""
    return msgspec.Raw(_encoder.encode(request))


def to_client(
    reply: type[R],
) -> "msgspec.msgpack.Decoder[Hello | Ok[R] | Item[R] | Closed | Failed]":
    """Return the decoder of what the daemon says to somebody who asked for a `reply`."""
    return msgspec.msgpack.Decoder(Hello | Ok[reply] | Item[reply] | Closed | Failed)  # type: ignore[valid-type]
