r"""One commit is one line: `["<crc32>",{…}]\n`, a checksum beside the JSON that it covers.

Still JSON, so that `jq '.[1]'` reads a journal. A line holds all facts of a commit or is not whole.
"""

import math
from typing import Any, Final, get_args
from zlib import crc32

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from pmrunnerd.model.events import AnyEvent
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.store.levels import CURRENT, Levels

# A plan repeats its message, a control character is six bytes of JSON, a request is 4 MiB at most.
LINE_LIMIT: Final = 64 << 20
_HEAD: Final = len(b'["00000000",')


class Unknown(Struct, frozen=True, kw_only=True):
    """A fact of a newer release: kept where it is, and skipped in the fold."""

    fact: str
    raw: bytes


class Batch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of one commit. `at` is RFC 3339 in UTC, `reply` what its `request` was answered.

    `digest` tells two contents of one request identifier apart. What a newer release said in it
    and this one does not know is in `unknown`. `level` is that of its facts (store.levels), `mark`
    the last commit that was durable when it was made.
    """

    seq: int
    at: str
    level: int = 1
    mark: int | None = None
    facts: tuple[AnyEvent, ...]
    request: str = ""
    digest: str = ""
    reply: bytes = b""
    unknown: tuple[Unknown, ...] = ()

    def fold(self, state: State) -> None:
        """Have a state take in the facts. Raises what `evolve` raises."""
        for fact in self.facts:
            evolve(state, fact, self.at)


class _Piecewise(Struct, frozen=True, kw_only=True):
    """A batch whose facts are looked at one by one."""

    seq: int
    at: str
    level: int = 1
    mark: int | None = None
    facts: tuple[msgspec.Raw, ...]
    request: str = ""
    digest: str = ""
    reply: bytes = b""


class _Tag(Struct, frozen=True):
    fact: str


_encoder: Final = msgspec.json.Encoder()
_batches: Final = msgspec.json.Decoder(Batch)
_piecewise: Final = msgspec.json.Decoder(_Piecewise)
_tags: Final = msgspec.json.Decoder(_Tag)
_events: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(AnyEvent)
# The fields of facts that may have a fraction, and so no end. Most facts have none.
_NUMBERS: Final = {
    fact: names
    for fact in get_args(AnyEvent)
    if (names := tuple(f.name for f in fields(fact) if float in (f.type, *get_args(f.type))))
}
KNOWN: Final = frozenset(fact.__struct_config__.tag for fact in get_args(AnyEvent))


def encode(batch: Batch) -> bytes:
    """Return the line of a commit.

    Raises ValueError for what would not be read as it was: half a surrogate pair, a number that
    JSON does not have.
    """
    for fact in batch.facts:
        for name in _NUMBERS.get(type(fact), ()):
            value = getattr(fact, name)
            if value is not None and not math.isfinite(value):
                tag = fact.__struct_config__.tag
                raise ValueError(f"cannot record {tag}: {name} is {value}")
    return line_of(_encoder.encode(batch))


def line_of(json: bytes) -> bytes:
    """Return a line that holds some JSON and its checksum."""
    return b'["%08x",%b]\n' % (crc32(json), json)


def body(line: bytes) -> bytes | None:
    """Return the JSON of a line without its end; None if it is not, byte for byte, what we wrote."""
    inner = line[_HEAD:-1]
    whole = line.endswith(b"]") and line[:_HEAD] == b'["%08x",' % crc32(inner)
    return inner if whole else None


def is_hollow(data: bytes) -> bool:
    """Tell whether bytes have what no line has: sectors that were never written, or were erased.

    Who looks for the end of a line stops there, instead of reading a hole of any size.
    """
    return b"\0" in data or b"\xff" in data


def decode(json: bytes, levels: Levels = CURRENT) -> Batch:
    """Read the JSON of a line.

    Raises msgspec.ValidationError where a fact we know is malformed, and NewerLevel.
    """
    try:
        batch = _batches.decode(json)
    except msgspec.ValidationError:
        return _decode_piecewise(json, levels)
    return _decode_piecewise(json, levels) if levels.must_migrate(batch.level) else batch


def _decode_piecewise(json: bytes, levels: Levels) -> Batch:
    line = _piecewise.decode(json)
    facts, unknown = [], []
    older = levels.must_migrate(line.level)
    for raw in line.facts:
        if older:
            fact = levels.migrate(msgspec.json.decode(raw), line.level)
            raw = msgspec.Raw(_encoder.encode(fact))  # noqa: PLW2901 - the same fact, carried over
        tag = _tags.decode(raw).fact
        if tag in KNOWN:
            facts.append(_events.decode(raw))
        else:
            unknown.append(Unknown(fact=tag, raw=bytes(raw)))
    return Batch(
        seq=line.seq,
        at=line.at,
        level=line.level,
        mark=line.mark,
        facts=tuple(facts),
        request=line.request,
        digest=line.digest,
        reply=line.reply,
        unknown=tuple(unknown),
    )
