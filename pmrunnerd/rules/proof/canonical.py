"""The bytes of a statement: there is one way to write it, so that two who sign the same sign the same.

UTF-8, keys sorted by code point, no white space, nothing escaped that need not be, whole numbers only, one
line feed at the end. What is read must be written so, too: then no key is there twice.
"""

from typing import Any, Final

import msgspec

from pmrunnerd.model.statement import PREDICATE, TYPE, Statement

# The gates of a large project, each with its digests, are some hundred KiB.
LARGEST: Final = 4 << 20
_HOW: Final = "urn:pm-runner:release:"


class BadStatement(ValueError):
    """It cannot be read as a statement; the text says why."""


def encode(value: Any) -> bytes:
    """Return the one way to write something. Raises BadStatement for what has none."""
    plain = msgspec.to_builtins(value)
    if _has_fractions(plain):
        raise BadStatement("it has a number that is not whole")
    return msgspec.json.encode(plain, order="sorted") + b"\n"


def decode(data: bytes) -> Statement:
    """Read a statement. Raises BadStatement."""
    if len(data) > LARGEST:
        raise BadStatement(f"it has more than {LARGEST >> 20} MiB")
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise BadStatement(f"it is no JSON: {exc}") from exc
    if not isinstance(plain, dict) or plain.get("_type") != TYPE:
        raise BadStatement("it is no statement of in-toto, version 1")
    kind = plain.get("predicateType")
    if kind != PREDICATE:
        newer = isinstance(kind, str) and kind.startswith(_HOW)
        raise BadStatement(
            f"it is of kind {kind}, which this release does not know"
            + ("; a newer pmrunnerctl may" if newer else "")
        )
    if encode(plain) != data:
        raise BadStatement("it is not written in the one way that there is")
    try:
        return msgspec.convert(plain, Statement)
    except (msgspec.ValidationError, RecursionError) as exc:
        raise BadStatement(f"it lacks something: {exc}") from exc


def _has_fractions(value: Any) -> bool:
    """Tell whether a number in there is not whole; without recursion, as depth is the writer's choice."""
    left = [value]
    while left:
        match left.pop():
            case float():
                return True
            case dict() as table:
                left += table.values()
            case list() | tuple() as items:
                left += items
    return False
