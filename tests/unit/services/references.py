"""References of runs in a workspace: made, told, and let go."""

import asyncio
from pathlib import Path

from pmrunnerd.services import savedrefs
from pmrunnerd.services.keptrefs import REFS
from tests.unit.services.parts import git

OURS = "r3-4f2a"


def let_go(workspace: Path, *runs: str) -> dict[str, str]:
    return asyncio.run(
        savedrefs.let_go(
            workspace, set(runs), hidden=(workspace.parent / "state",), unconfined=False
        )
    )


def kept(workspace: Path, *names: str) -> None:
    for name in names:
        git(workspace, "update-ref", f"{REFS}/{name}", "HEAD")


def refs(workspace: Path) -> set[str]:
    return set(git(workspace, "for-each-ref", "--format=%(refname)").split())
