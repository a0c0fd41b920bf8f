"""What an administrator has checked of a daemon: programs of health.d, by a unit of their own."""

from pathlib import Path
from typing import Final

DIRECTORY: Final = "etc/pm-runner/health.d"


class Checks:
    """The checks of an environment."""

    def __init__(self, root: Path, environment: str) -> None:
        self._directory = root / DIRECTORY
        self._environment = environment

    async def failed(self) -> tuple[str, ...]:
        """Return which failed that have to hold."""
        return ()
