"""What holds runs: something that starts a run host which outlives us, and finds it again."""

from pathlib import Path
from typing import Final, Protocol

from pmrunnerd.model.errors import Unavailable

GRACE: Final = 10.0
"""Seconds that a run host has to put things in order before it is killed."""


class Host(Protocol):
    """Starts, finds and stops run hosts, each by its run's recorded name and nothing else."""

    name: str

    async def start(self, run: str) -> None:
        """Start the host of a run whose spec is written.

        Raises Refused for a run that was started before: a retry is another run. Raises OSError.
        """

    def alive(self, run: str) -> bool:
        """Tell whether the host of a run exists."""

    async def stop(self, run: str, grace: float = GRACE) -> None:
        """Ask a run's host to leave, kill it after `grace` seconds, and return when it is gone.

        So is then whatever it may have left half made, also where it was gone before. Raises
        TimeoutError where something of it does not die.
        """


def runs_directory(state_directory: Path) -> Path:
    """Return where the directories of all runs are."""
    return state_directory / "runs"


def make_runs_directory(state_directory: Path) -> Path:
    """Make it where it is not there, and return it. Raises Unavailable where the disk says no."""
    directory = runs_directory(state_directory)
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"cannot make {directory}: {error.strerror}", hint=f"ls -l {state_directory}"
        ) from error
    return directory
