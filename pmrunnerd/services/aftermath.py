"""What the daemon does about a workspace whose run host died in the middle of its work.

The next run puts away what is there. Until it comes, a person may look, and their git must not
enter a repository that an agent made.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pmrunnerd.services import cells, guard, holding, marker
from pmrunnerd.services.git import Git
from pmrunnerd.services.obstacles import ASIDE, Damaged, place, sweep

log = logging.getLogger(__name__)

# Seconds until a workspace is left to the next run as it is.
_PATIENCE: Final = 60.0


async def make_safe(
    workspace: Path, run: str, since: float, *, hidden: Sequence[Path], unconfined: bool
) -> str:
    """Take out of a workspace what git outside would enter, by a git in a sandbox.

    `since` is when the run began (POSIX). Returns the directory below the workspace where all of it
    is by now, if there was any. Raises Held where another run has the workspace, which does the
    same, or it is not there; PmError and OSError for what does not work.
    """
    lock = holding.hold(workspace, since)
    try:
        holding.reopen(workspace, lock, since)
        # By the run's own name: should we be killed here, whoever looks for what is left of it ends
        # what we started.
        cell = await cells.make(workspace, run, agent=None, hidden=hidden, unconfined=unconfined)
        git, aside = Git(cell, run), place(run)
        left = marker.read(workspace)
        tell = partial(log.warning, "run %s: %s", run)
        async with asyncio.timeout(_PATIENCE):
            try:
                branch = left.branch if left else "main"
                taken = await sweep(git, aside, since=since, branch=branch, tell=tell)
            except Damaged as exc:
                log.warning("run %s: %s", run, exc)
                return f"{ASIDE}/{aside}"
        return f"{ASIDE}/{aside}" if taken else ""
    finally:
        guard.lift(workspace)
        os.close(lock)
