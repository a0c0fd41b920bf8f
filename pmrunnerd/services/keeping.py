"""Puts away what a run leaves behind: kept under a reference, and the tree back where it began.

Ignored files are left alone. Nothing is ever overwritten: what cannot go under `<run>` any more,
because an earlier attempt was cut off half-way, goes under `<run>-2`.
"""

from typing import Final

from msgspec import Struct

from pmrunnerd.services import commits
from pmrunnerd.services import status as state
from pmrunnerd.services.git import Exited, Git
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from pmrunnerd.services.status import Status

REFS: Final = "refs/pm-runner/runs"
_INDEX: Final = ".git/pm-runner-index"
_ASIDE: Final = ".git/pm-runner-kept"
# What git leaves of an operation that `reset --hard` does not end.
_REMAINS: Final = ("rebase-merge", "rebase-apply", "sequencer", "BISECT_LOG", "BISECT_START")


class Kept(Struct, frozen=True, kw_only=True):
    """Where it is, and how many files it is."""

    ref: str
    files: int


async def put_away(git: Git, began: Marker) -> Kept | None:
    """Keep everything of the run that took the workspace so, and clean up; None for nothing.

    Where somebody else moved HEAD, the branch stays. Raises GitFailed, and then the rest of it is
    still there.
    """
    await unlock(git)
    now = await state.look(git)
    moved = await movement(git, began, now)
    kept = await _keep(git, began, now, moved)
    await _go_back(git, began, now, moved)
    left = await state.look(git)
    if left.files:
        # Ignored by a rule that the run itself made, and which went away with the rest.
        more = await _keep(git, began, left, Movement.NONE)
        kept = kept or more
        await git("reset", "--hard", "--quiet")
        await git("clean", "-ffdq")
    return kept


async def unlock(git: Git) -> None:
    """Remove locks that were made since the run began: whoever held them is dead."""
    await git.command(
        *("find", ".git", "-name", "*.lock", "-type", "f", "-newer", ".git/pm-runner-run"),
        "-delete",
    )


async def _keep(git: Git, began: Marker, now: Status, moved: Movement) -> Kept | None:
    if not now.files and moved in {Movement.NONE, Movement.FOREIGN} and not now.half_done:
        return None
    head = now.head or began.head
    await _gather(git, head)
    tree = (await git("write-tree", index=_INDEX)).strip()
    await git.command("rm", "-f", _INDEX)
    commit = head
    if tree != (await git("rev-parse", f"{head}^{{tree}}")).strip():
        what = f"What run {began.run} left behind"
        commit = (await git("commit-tree", tree, "-p", head, "-m", what)).strip()
    elif moved is Movement.NONE:
        return None  # only the index differed
    since = head if moved is Movement.FOREIGN else began.head
    files = await commits.count(git, since, commit)
    return Kept(ref=await _name(git, began.run, commit), files=files)


async def _gather(git: Git, head: str) -> None:
    """Put everything that is not ignored into an index of our own; repositories of its own aside."""
    await git.command("rm", "-f", _INDEX, f"{_INDEX}.lock")
    # With a copy of the workspace's index, unchanged files need not be read. It may be damaged.
    await git.outcome("update-index", "-q", "--refresh")
    copied = await _succeeds(git, "cp", ".git/index", _INDEX)
    if not (copied and isinstance(added := await _add(git), Exited) and added.status == 0):
        await git.command("rm", "-f", _INDEX, f"{_INDEX}.lock")
        await git("read-tree", head, index=_INDEX)
        await git("add", "--all", index=_INDEX)
    for path in await commits.nested_repositories(git, _INDEX):
        await _set_aside(git, path)
        await git("rm", "--cached", "-q", "--", path, index=_INDEX)


async def _add(git: Git) -> object:
    return await git.outcome("add", "--all", index=_INDEX)


async def _succeeds(git: Git, *words: str) -> bool:
    try:
        await git.command(*words)
    except Exception:  # noqa: BLE001
        return False
    return True


async def _set_aside(git: Git, path: str) -> None:
    """Move a repository that lies in the workspace out of its tree: git would keep its name only."""
    target = f"{_ASIDE}/{git.run}/{path}"
    await git.command("mkdir", "-p", "--", target.rpartition("/")[0])
    await git.command("mv", "-T", "--", path, target)


async def _name(git: Git, run: str, commit: str) -> str:
    ref, number = f"{REFS}/{run}", 1
    while not await git.succeeds("update-ref", ref, commit, ""):
        number += 1
        ref = f"{REFS}/{run}-{number}"
    return ref


async def _go_back(git: Git, began: Marker, now: Status, moved: Movement) -> None:
    if moved is Movement.FOREIGN:
        target = "HEAD"
    else:
        target = began.head
        if now.branch != began.branch:
            await git("symbolic-ref", "HEAD", f"refs/heads/{began.branch}")
    await git.command("rm", "-rf", *(f".git/{name}" for name in _REMAINS))
    await git("reset", "--hard", "--quiet", target, "--")
    await git("clean", "-ffdq")
