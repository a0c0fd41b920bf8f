"""What the broom is told of a workspace and of its run, and what it says that it has done."""

import os
from typing import Final

KEPT: Final = b"pm-runner-kept"  # in `.git`: the places of all runs
_ROUNDED: Final = 1_000  # nanoseconds that a float of today cannot tell
# Bytes of a directory's path in which every file has one that the kernel still takes, with room for
# what git puts before and after it.
DEEPEST: Final = 3800


class Errand:
    """`top` is the workspace, `since` when the run began, `guarded` are submodules' directories.

    `aside` is what the run's own place for what is set aside is called.
    """

    def __init__(self, top: bytes, since: float, aside: bytes, guarded: frozenset[bytes]) -> None:
        self.top = top
        self.git = top + b"/.git"
        self.aside = aside
        self.guarded = guarded
        self.repositories = (self.git, *guarded)
        self._since = int(since * 1_000_000_000) - _ROUNDED

    def is_new(self, found: os.stat_result) -> bool:
        """Tell whether the run made or changed this."""
        return found.st_ctime_ns >= self._since

    def is_too_deep(self, here: int, path: bytes) -> bool:
        return len(path) > DEEPEST and self.is_new(os.fstat(here))


class Report:
    """Paths: `taken` and `stuck` in the workspace, `lost` in its `.git`; `removed` with where it led.

    `taken` went aside as a whole, `stuck` could not; `lost` was put right, and not all of it is
    there; `removed` was no file.
    """

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.stuck: list[bytes] = []
        self.lost: list[bytes] = []
        self.removed: list[bytes] = []

    def as_text(self) -> dict[str, list[str]]:
        return {kind: [os.fsdecode(path) for path in paths] for kind, paths in vars(self).items()}
