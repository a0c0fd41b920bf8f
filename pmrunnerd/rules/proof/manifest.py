"""What a tree is, file by file: a list whose digest is the digest of the tree.

An entry is `KIND DIGEST NAME` and a NUL, sorted by name as Python sorts texts; a kind is `file`, `program` or
`link`. The package's builder writes it beside `lib`, so a changed list is found by the release's own
digest, and a changed file by the list.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

_ENTRY: Final = re.compile(rb"(file|program|link) ([0-9a-f]{64}) ([^\0]+)", re.DOTALL)
# What it is about a file that differs, as people read it.
_MORE, _LESS = "was not built", "is gone"


class BadManifest(ValueError):
    """It is no list of files; the text says why."""


class Entry(Struct, frozen=True):
    """What a name stands for."""

    kind: str
    digest: str


def read(data: bytes) -> dict[str, Entry]:
    """Return the entries of a list by name. Raises BadManifest."""
    if data and not data.endswith(b"\0"):
        raise BadManifest("it is cut short")
    found: dict[str, Entry] = {}
    for number, line in enumerate(data.split(b"\0")[:-1], start=1):
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            raise BadManifest(f"entry {number} is none")
        name = entry[3].decode(errors="surrogateescape")
        if name in found:
            raise BadManifest(f"{name} is in it twice")
        found[name] = Entry(entry[1].decode(), entry[2].decode())
    return found


def write(entries: Mapping[str, Entry]) -> bytes:
    """Return the list of some entries."""
    return b"".join(
        b"%s %s %s\0"
        % (entry.kind.encode(), entry.digest.encode(), name.encode(errors="surrogateescape"))
        for name, entry in sorted(entries.items())
    )


def digest(data: bytes) -> str:
    """Return the digest of a tree by its list."""
    return hashlib.sha256(data).hexdigest()


def differences(built: Mapping[str, Entry], found: Mapping[str, Entry]) -> list[str]:
    """Return, by name, each file that is not as it was built, and what is the matter with it."""
    return [
        f"{name} {_difference(built.get(name), found.get(name))}"
        for name in sorted({*built, *found})
        if built.get(name) != found.get(name)
    ]


def _difference(before: Entry | None, now: Entry | None) -> str:
    if before is None or now is None:
        return _LESS if now is None else _MORE
    if before.kind != now.kind:
        return f"was a {before.kind} and is a {now.kind}"
    return "was changed"


def some(texts: Iterable[str], most: int = 3) -> str:
    """Return the first few of a list in words."""
    whole = list(texts)
    left = len(whole) - most
    return "; ".join(whole[:most]) + (f"; and {left} more" if left > 0 else "")
