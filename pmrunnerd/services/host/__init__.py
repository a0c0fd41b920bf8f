"""What holds runs: something that starts a run host which outlives us, and finds it again."""

from pathlib import Path
from typing import Final, Protocol

GRACE: Final = 10.0
"""Seconds that a run host has to put things in order before it is killed."""


class Host(Protocol):
    """Starts, finds and stops run hosts, each by its run's recorded name and nothing else."""

    name: str
    # Whether run hosts are another user's, who shares a group with us in the directories of runs.
    shared: bool

    async def start(self, run: str) -> None:
        """Start the host of a run whose spec is written.

        Raises Refused for a run that was started before: a retry is another run. Raises OSError.
        """

    def alive(self, run: str) -> bool:
        """Tell whether the host of a run exists."""

    def explains(self, run: str) -> str:
        """Return where it is said why a run's host did not begin, as the end of a sentence; or nothing."""

    async def stop(self, run: str, grace: float = GRACE) -> None:
        """Ask a run's host to leave, kill it after `grace` seconds, and return when it is gone.

        So is then whatever it may have left half made, also where it was gone before. Raises
        TimeoutError where something of it does not die.
        """


def runs_directory(state_directory: Path) -> Path:
    """Return where the directories of all runs are, or a link to that (`place`)."""
    return state_directory / "runs"
