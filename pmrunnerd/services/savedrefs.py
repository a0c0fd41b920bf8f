"""Deletes the references that keep what runs left behind, and no others, by a git in a sandbox.

With them go the repositories that were set aside because git would have kept their names only. Only while nobody has the workspace; only `.git` can be written; and what an agent may have put in a
reference's place is not followed.
"""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import cells, guard, tenancy
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.disarm import ASIDE
from pmrunnerd.services.git import Git, GitFailed
from pmrunnerd.services.keeping import REFS

_NUMBERED: Final = re.compile(rf"{REFS}/(?P<run>.+?)(-[0-9]+)?")
# Nobody holds these for longer than a moment, in minutes: a git that was killed left them.
_STALE: Final = 60


async def let_go(
    workspace: Path, runs: Collection[str], *, hidden: Sequence[Path], unconfined: bool
) -> list[str]:
    """Delete what is kept of some runs in a workspace; return the references that were.

    Asking again, for what is gone, does nothing. Raises Held where somebody has the workspace or it
    is not there, and PmError or OSError for what does not work; it may the next time.
    """
    lock = tenancy.hold(workspace)
    try:
        name = f"prune-{os.getpid()}-{Clock().token()}"
        cell = await cells.make(
            *(workspace, name),
            agent=None,
            hidden=hidden,
            unconfined=unconfined,
            writable=False,
            history=True,
        )
        git = Git(cell, name)
        found = await of(git, runs)
        for ref in found:
            await _delete(git, ref)
        await git.command("rm", "-rf", "--", *(f"{ASIDE}/{run}" for run in runs))
        return found
    finally:
        guard.lift(workspace)
        os.close(lock)


async def of(git: Git, runs: Collection[str]) -> list[str]:
    """Return the references that keep something of one of some runs: `<run>`, `<run>-2`, …."""
    printed = await git("for-each-ref", "--format=%(refname)", REFS)
    return [ref for ref in printed.splitlines() if _is_of(ref, runs)]


def _is_of(ref: str, runs: Collection[str]) -> bool:
    if ref.removeprefix(f"{REFS}/") in runs:
        return True
    found = _NUMBERED.fullmatch(ref)
    return found is not None and found["run"] in runs


async def _delete(git: Git, ref: str) -> None:
    # --no-deref: a reference can stand for another one, such as a branch, which is not ours.
    delete = ("update-ref", "--no-deref", "-d", ref)
    try:
        await git(*delete)
    except GitFailed:
        await _unlock(git)
        await git(*delete)


async def _unlock(git: Git) -> None:
    """Remove the locks that a git of ours left which was killed, and the old ones of any other."""
    own = (".git/refs", "-path", f".git/{REFS}/*", "-name", "*.lock", "-type", "f", "-delete")
    await git.command("find", *own)
    packed = ("-maxdepth", "1", "-name", "packed-refs.lock", "-mmin", f"+{_STALE}", "-delete")
    await git.command("find", ".git", *packed)
