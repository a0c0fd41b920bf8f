"""How things are called: class names on the wire, identifiers, names that people choose."""

import re
from collections.abc import Mapping
from typing import Final

ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9]{0,15}")
LONGEST_ALIAS: Final = 63
ALIAS: Final = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_ALIAS - 1}}}")
# How identifiers of projects look.
PROJECT: Final = re.compile(r"w[0-9]+")
# How directories of errands are called among those of runs, which begin with one letter and a number.
ERRAND: Final = re.compile(r"[a-z]{2,}-[0-9]+-[0-9a-f]{8}")


def kebab(name: str) -> str:
    """Spell a class name for the wire: `TaskQueued` is `task-queued`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def number(identifier: str) -> int:
    """Tell the count inside an identifier: 12 for `t12` and for `r12-4f2a`."""
    return int(identifier.partition("-")[0][1:])


class Mint:
    """Makes the next identifiers of a state: one letter for the kind, then a count.

    Identifiers are short because people type them. Only runs carry a suffix of chance: their
    names leave the state directory (units, git references, commit trailers) and must stay unique
    even when a state directory starts over.
    """

    def __init__(self, minted: Mapping[str, int]) -> None:
        self._minted = dict(minted)

    def __call__(self, kind: str, suffix: str = "") -> str:
        """Return the next identifier of a kind, such as `t12`, or `r12-4f2a` with a suffix."""
        self._minted[kind] = self._minted.get(kind, 0) + 1
        return f"{kind}{self._minted[kind]}" + (f"-{suffix}" if suffix else "")
