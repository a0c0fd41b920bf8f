"""Cuts what comes in on a socket into whole frames, and says what is wrong with one."""

import struct
from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.api.wording import wording
from pmrunnerd.model import frames as f
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest, TooLarge

# Somebody whom we do not know yet says hello and needs no more for it.
HELLO_LIMIT: Final = 4 << 10

# Whoever speaks otherwise than we understand is no client of this release.
HINT: Final = "pmrunnerctl version"

# What a decoder raises for bytes that somebody made up: the last two for text that is no UTF-8 and
# for things inside things inside things.
UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)

_size_at: Final = struct.Struct(">I").unpack_from


class Asked(f.Frame, frozen=True, kw_only=True, tag="call"):
    """A call and its request, read in one go: what almost every frame is."""

    call: int
    request: p.AnyRequest
    request_id: str = ""


_whole: Final = msgspec.msgpack.Decoder(f.Hello | Asked | f.Cancel)


class Intake:
    """Bytes in, frames out. `limit` is the most bytes that a frame may have."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._taken = 0
        self.limit = HELLO_LIMIT

    def add(self, more: bytes) -> None:
        """Take in what came."""
        del self._bytes[: self._taken]
        self._taken = 0
        self._bytes += more

    def __bool__(self) -> bool:
        """Tell whether part of a frame is here."""
        return len(self._bytes) > self._taken

    def next(self) -> bytearray | None:
        """Return the next whole frame; None until it is here. Raises TooLarge as soon as it can."""
        here, start = self._bytes, self._taken + f.HEADER
        if len(here) < start:
            return None
        (size,) = _size_at(here, self._taken)
        if size > self.limit:
            raise TooLarge(
                f"cannot read a frame of {size} bytes: the limit is {self.limit}", hint=HINT
            )
        end: int = start + size
        if len(here) < end:
            return None
        self._taken = end
        return here[start:end]

    def clear(self) -> None:
        """Forget what is here."""
        self._bytes.clear()
        self._taken = 0


class _Tagged(Struct, frozen=True):
    command: str


def frame(body: bytes | bytearray) -> f.Hello | Asked | f.Call | f.Cancel:
    """Read one frame; a call whose request is unreadable is a `Call`. Raises BadRequest."""
    found: f.Hello | Asked | f.Call | f.Cancel
    try:
        found = _whole.decode(body)
    except UNREADABLE:
        # Once more, piece by piece: whether the frame or only the request in it is wrong decides
        # who is told what.
        try:
            found = f.to_daemon.decode(body)
        except UNREADABLE as exc:
            raise BadRequest(f"cannot read a frame: {exc}", hint=HINT) from None
    return found


def request(raw: msgspec.Raw, release: str) -> p.Request[Any]:
    """Read the request inside a call. Raises BadRequest in the words of whoever typed it."""
    try:
        found: p.Request[Any] = f.requests.decode(raw)
    except UNREADABLE as exc:
        raise refuse(raw, exc, release) from None
    return found


def refuse(raw: msgspec.Raw, why: Exception, release: str) -> BadRequest:
    """Say what is wrong with a request that cannot be read."""
    try:
        command = msgspec.msgpack.decode(raw, type=_Tagged).command
    except UNREADABLE:
        return BadRequest(f"cannot read the request: {why}")
    if command in p.BY_NAME:
        return BadRequest(f"cannot do {command}: {wording(why)}", hint=f"pmrunnerctl {command} -h")
    return BadRequest(
        f"cannot do {command[:64]!r}: pmrunnerd {release} has no such command",
        hint="pmrunnerctl version",
    )
