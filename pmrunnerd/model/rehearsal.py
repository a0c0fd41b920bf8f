"""A rehearsal: what root has tried of a release on a copy of a state, and what came of it.

Both are files of one directory, which is the copy's: the order is root's, and the verdict whoever rehearsed writes.
"""

from typing import Final

from msgspec import Struct

ORDER: Final = "order.json"
VERDICT: Final = "verdict.json"
STATE: Final = "state"
CONFIGURATION: Final = "configuration.toml"


class Trial(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which release of which environment is to be tried, with so many seconds to be ready and bytes of memory."""

    environment: str
    candidate: str
    patience: float
    memory: int


class Verdict(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is not as it was, a sentence each; `commits` were in the copy."""

    differences: tuple[str, ...]
    commits: int = 0
