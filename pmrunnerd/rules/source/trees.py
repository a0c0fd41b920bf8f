"""What stands in a tree, as git writes it: one directory of a commit."""

import re
from enum import IntEnum
from typing import Final, NamedTuple

# An id of git, in full: SHA-1 or SHA-256.
ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HEAD: Final = re.compile(rb"([0-7]{5,6}) ([^\0]*)\0")


class Mode(IntEnum):
    """What an entry is. Git made GROUP long ago; it is checked out as FILE."""

    TREE = 0o040000
    FILE = 0o100644
    GROUP = 0o100664
    PROGRAM = 0o100755
    LINK = 0o120000
    SUBMODULE = 0o160000


class Item(NamedTuple):
    """One entry: its mode, its name, and the object that it is."""

    mode: Mode
    name: bytes
    id: str


class Malformed(ValueError):
    """It is no tree as git writes one."""


def items(tree: bytes, width: int) -> list[Item]:
    """Return the entries of a tree in its own order; an id in it takes `width` bytes.

    Raises Malformed, as for one in which a name stands twice.
    """
    found, at = [], 0
    while at < len(tree):
        head = _HEAD.match(tree, at)
        end = (head.end() if head else 0) + width
        if head is None or end > len(tree):
            raise Malformed(f"it has no entry at byte {at}")
        try:
            mode = Mode(int(head[1], 8))
        except ValueError:
            raise Malformed(f"mode {head[1].decode()} is of no kind that is known") from None
        found.append(Item(mode, head[2], tree[head.end() : end].hex()))
        at = end
    if len({item.name for item in found}) < len(found):
        raise Malformed("a name stands in it twice")
    return found
