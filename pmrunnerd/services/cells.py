"""Makes the cell that a workspace's commands run in: a sandbox wherever one can start."""

import os
from collections.abc import Sequence
from pathlib import Path

from pmrunnerd.services import sandbox
from pmrunnerd.services.cell import CannotConfine, Cell
from pmrunnerd.services.confined import Confined
from pmrunnerd.services.sandbox import Sandbox
from pmrunnerd.services.unconfined import Unconfined


async def make(  # noqa: PLR0913 - each is a wall, or the lack of one
    workspace: Path,
    run: str,
    *,
    agent: Path | None,
    hidden: Sequence[Path],
    unconfined: bool,
    writable: bool = True,
    history: bool = False,
) -> Cell:
    """Return a cell for a workspace.

    `agent` is the run's directory of that name; `hidden` is what no command may see. `unconfined`
    accepts a cell without walls where no sandbox starts. What is not `writable` but has its
    `history` so can only be written in `.git`. Raises CannotConfine, and Refused for a
    workspace that cannot be one.
    """
    sandbox.check(workspace, hidden)
    found = await sandbox.probe()
    bwrap = sandbox.find()
    if found.ok and bwrap is not None:
        return Confined(
            Sandbox(
                bwrap=bwrap,
                machine=sandbox.look(hidden),
                workspace=workspace,
                writable=writable,
                history=history,
                agent=agent,
            )
        )
    if not unconfined:
        raise CannotConfine(f"cannot confine the agent: {found.reason}", hint=found.hint)
    # Who is the parent of what a run leaves is known only in a process that adopts orphans.
    return Unconfined(workspace, agent or Path(os.devnull), run, below=agent is not None)
