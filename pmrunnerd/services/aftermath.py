"""What the daemon does about a workspace whose run host died in the middle of its work.

The next run puts away what is there. Until it comes, a person may look, and their git must not
enter a repository that an agent made.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from pmrunnerd.services import cells, guard, tenancy
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.disarm import disarm, place
from pmrunnerd.services.git import Git


async def make_safe(workspace: Path, run: str, *, hidden: Sequence[Path], unconfined: bool) -> str:
    """Take out of a workspace what git outside would enter, by a git in a sandbox.

    Returns the directory below the workspace where all of it is by now, if there was any. Raises Held where another run has the workspace,
    which does the same, or it is not there; PmError and OSError for what does not work.
    """
    lock = tenancy.hold(workspace)
    try:
        name = f"disarm-{os.getpid()}-{Clock().token()}"
        cell = await cells.make(workspace, name, agent=None, hidden=hidden, unconfined=unconfined)
        git, aside = Git(cell, name), place(run)
        await disarm(git, aside)
        return aside if await git.has(aside) else ""
    finally:
        guard.lift(workspace)
        os.close(lock)
