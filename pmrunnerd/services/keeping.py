"""Puts away what a run leaves behind: kept under a reference, and the tree back where it began.

Ignored files are left alone. Nothing is ever overwritten: what cannot go under `<run>` any more,
because an earlier attempt was cut off half-way, goes under `<run>-2`.
"""

from typing import Final

from msgspec import Struct

from pmrunnerd.services import commits, submodules
from pmrunnerd.services import status as state
from pmrunnerd.services.git import Git, GitFailed
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from pmrunnerd.services.status import Status

REFS: Final = "refs/pm-runner/runs"
_INDEX: Final = ".git/pm-runner-index"
ASIDE: Final = ".git/pm-runner-kept"
# What git leaves of an operation that `reset --hard` does not end.
_REMAINS: Final = ("rebase-merge", "rebase-apply", "sequencer", "BISECT_LOG", "BISECT_START")


class Keeping(Struct, frozen=True, kw_only=True):
    """Where it is, and how many files it is."""

    ref: str
    files: int


async def put_away(git: Git, began: Marker) -> Keeping | None:
    """Keep everything of the run that took the workspace so, and clean up; None for nothing.

    Where somebody else moved HEAD, the branch stays. Raises GitFailed, and then the rest of it is
    still there.
    """
    await unlock(git, began)
    now = await _look(git)
    moved = await movement(git, began, now)
    for path in await submodules.strangers(git):
        await _set_aside(git, began.run, path)
    kept = await _keep(git, began, now, moved)
    await _go_back(git, began, now, moved)
    left = await state.look(git)
    if left.files:
        # What is not tracked is kept by now, but for files that the run's own rules ignored.
        more = await _keep(git, began, left, Movement.NONE, beyond=kept.ref if kept else "")
        kept = kept or more
        await git("clean", "-ffdq")
    return kept or await _kept_before(git, began)


async def _kept_before(git: Git, began: Marker) -> Keeping | None:
    """Return what whoever cleaned up was killed over before it could say where it is."""
    known = f"{REFS}/{began.run}"
    pattern = (known, f"{known}-*")
    text = await git("for-each-ref", "--sort=version:refname", "--format=%(refname)", *pattern)
    if not text:
        return None
    *_, ref = text.split()
    return Keeping(ref=ref, files=await commits.count(git, began.head, ref))


async def unlock(git: Git, began: Marker) -> None:
    """Remove git's locks that were made since the run began: whoever held them is dead."""
    await git.command(
        *("find", ".git", "-name", "*.lock", "-type", "f", "-newermt", f"@{began.since:.6f}"),
        "-delete",
    )


async def _look(git: Git) -> Status:
    try:
        return await state.look(git)
    except GitFailed:
        # Killed while it wrote, git can leave an index that it cannot read. All it knows beyond
        # the tree and HEAD is what was staged.
        await git.command("rm", "-f", ".git/index")
        return await state.look(git)


async def _keep(
    git: Git, began: Marker, now: Status, moved: Movement, *, beyond: str = ""
) -> Keeping | None:
    """Make the reference; None if there is nothing, or nothing `beyond` another reference."""
    ours = moved in {Movement.OWN, Movement.REWRITTEN} and now.head != began.head
    if not now.files and not ours:
        return None
    head = now.head or began.head
    await _gather(git, began.run, head)
    tree = (await git("write-tree", index=_INDEX)).strip()
    await git.command("rm", "-f", _INDEX)
    if beyond and not await _adds(git, beyond, tree):
        return None
    commit = head
    if tree != (await git("rev-parse", f"{head}^{{tree}}")).strip():
        what = f"What run {began.run} left behind"
        commit = (await git("commit-tree", tree, "-p", head, "-m", what)).strip()
    elif not ours:
        return None  # only the index differed
    files = await commits.count(git, began.head if ours else head, commit)
    return Keeping(ref=await _name(git, began.run, commit), files=files)


async def _adds(git: Git, old: str, new: str) -> bool:
    return bool(
        await git("diff-tree", "-r", "--diff-filter=A", "--no-renames", "--name-only", old, new)
    )


async def _gather(git: Git, run: str, head: str) -> None:
    """Put all that is not ignored into an index of our own, and repositories in the tree aside."""
    await git.command("rm", "-f", _INDEX, f"{_INDEX}.lock")
    try:
        # With a copy of the workspace's index, what is unchanged need not be read.
        await git.command("cp", ".git/index", _INDEX)
        await git("add", "--all", index=_INDEX)
    except GitFailed:
        await git.command("rm", "-f", _INDEX, f"{_INDEX}.lock")
        await git("read-tree", head, index=_INDEX)
        await git("add", "--all", index=_INDEX)
    for path in await commits.nested_repositories(git, _INDEX):
        await _set_aside(git, run, path)
        await git("update-index", "--force-remove", "--", path, index=_INDEX)


async def _set_aside(git: Git, run: str, path: str) -> None:
    """Move a repository that lies in the workspace out of its tree: git would keep its name only."""
    target = f"{ASIDE}/{run}/{path}"
    await git.command("mkdir", "-p", "--", target.rpartition("/")[0])
    await git.command("mv", "-T", "--", path, target)


async def _name(git: Git, run: str, commit: str) -> str:
    ref, number = f"{REFS}/{run}", 1
    while await git.succeeds("show-ref", "--verify", "--quiet", ref):
        number += 1
        ref = f"{REFS}/{run}-{number}"
    await git("update-ref", ref, commit, "")
    return ref


async def _go_back(git: Git, began: Marker, now: Status, moved: Movement) -> None:
    await git.command("rm", "-rf", *(f".git/{name}" for name in _REMAINS))
    if moved is Movement.FOREIGN:
        await git("reset", "--hard", "--quiet")
        return
    if now.branch != began.branch:
        await git("symbolic-ref", "HEAD", f"refs/heads/{began.branch}")
    await git("reset", "--hard", "--quiet", began.head, "--")
