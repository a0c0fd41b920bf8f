"""What an administrator has checked of a daemon: programs of health.d, tried by a unit that can change nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

DIRECTORY: Final = "etc/pm-runner/health.d"
KINDS: Final = ("required", "wanted")

Tried = Callable[[], Awaitable[str]]


class Checks:
    """The checks of a daemon; `tried` has them tried, and says what failed that has to hold."""

    def __init__(self, root: Path, tried: Tried) -> None:
        self._directory = root / DIRECTORY
        self._tried = tried

    async def failed(self) -> tuple[str, ...]:
        """Return what failed; where there are no checks nothing is started. Raises PmError, OSError."""
        if not any(self._has(kind) for kind in KINDS):
            return ()
        why = await self._tried()
        return (f"health.d/required: {why}",) if why else ()

    def _has(self, kind: str) -> bool:
        try:
            return any((self._directory / kind).iterdir())
        except FileNotFoundError:
            return False
