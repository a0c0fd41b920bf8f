"""What a release remembers of a state, told apart from how it keeps it: all that is alive, by table and name.

Two releases are compared by this. Who compares reads what the other wrote with words of their own, so what a newer one
adds to a table or to a thing makes no difference, and what it lost of theirs does.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.state import State
from pmrunnerd.store.snapshot import Living


class Remembered(Struct, frozen=True, kw_only=True):
    """A state up to commit `seq`."""

    seq: int
    living: Living


_decoder: Final = msgspec.json.Decoder(Remembered)


def encode(state: State) -> bytes:
    """Return what is remembered, to be written down."""
    return msgspec.json.encode(Remembered(seq=state.seq, living=Living.of(state)))


def decode(json: bytes) -> Remembered:
    """Return what another release wrote down. Raises msgspec.DecodeError where it has words that we do not know."""
    return _decoder.decode(json)


def tables(living: Living) -> dict[str, dict[str, Any]]:
    """Return each table by name, and in it each thing by its own."""
    found: dict[str, dict[str, Any]] = {}
    for name in living.__struct_fields__:
        table = getattr(living, name)
        found[name] = table if isinstance(table, dict) else {one.id: one for one in table}
    return found
