"""Before a restored state takes the place of another one, nothing may still run for that one.

Its files would move away under it, and both would work in the same directories.
"""

import asyncio
import logging
from pathlib import Path

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services import lockfile
from pmrunnerd.services.host import Host, runs_directory
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.swap import is_intended

log = logging.getLogger(__name__)


def alive(directory: Path, host: Host | None = None) -> list[str]:
    """Return the runs of a state directory whose host exists, or is on its way if `host` knows."""
    runs = (path.parent for path in runs_directory(directory).glob("*/lock"))
    lives = (
        host.alive
        if host
        else lambda run: lockfile.is_held(runs_directory(directory) / run / "lock")
    )
    return sorted(path.name for path in runs if lives(path.name))


def clear_the_way(directory: Path, host: Host) -> None:
    """Have `host` stop whatever still runs, if this state is about to be replaced by a restored one.

    A daemon that restores parks its runs. This is for one that was killed before it could. Raises
    Unavailable where nobody can tell; what is to happen stays recorded.
    """
    try:
        runs = alive(directory, host) if is_intended(Disk(), directory) else []
    except OSError as exc:
        raise Unavailable(
            f"cannot tell what still runs in {directory}: {exc.strerror}", hint=f"ls -l {directory}"
        ) from exc
    if runs:
        log.warning("stopping what runs for the state before: %s", ", ".join(runs))
        asyncio.run(_stop(host, runs))


async def _stop(host: Host, runs: list[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(host.stop(run), name=f"stop {run}")
