"""Puts away what a run leaves behind: kept under a reference, and the tree back where it began.

Ignored files are left alone. Nothing is ever overwritten: what cannot go under `<run>` any more,
because an earlier attempt was cut off half-way, goes under `<run>-2`.
"""

import secrets
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.services import commits
from pmrunnerd.services import status as state
from pmrunnerd.services.disarm import INDEX, disarm, place, take_out
from pmrunnerd.services.git import Git, GitFailed
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from pmrunnerd.services.obstacles import clear, remove, shell
from pmrunnerd.services.status import Status

REFS: Final = "refs/pm-runner/runs"
_INDEX: Final = ".git/pm-runner-index"
# References with a number that people can count to; what is in the way of more is no accident.
_NUMBERS: Final = 10
_WAY: Final = '[ -d "$1" ] && [ ! -L "$1" ] || rm -f -- "$1"'
# What git leaves of an operation that `reset --hard` does not end.
_REMAINS: Final = ("rebase-merge", "rebase-apply", "sequencer", "BISECT_LOG", "BISECT_START")


class Keeping(Struct, frozen=True, kw_only=True):
    """Where it is, and how many files it is.

    `aside` is a directory below the workspace with repositories that lay in its tree. `ref` is empty
    where there was nothing else.
    """

    ref: str
    files: int
    aside: str = ""


async def put_away(git: Git, began: Marker) -> Keeping | None:
    """Keep everything of the run that took the workspace so, and clean up; None for nothing.

    Where somebody else moved HEAD, the branch stays. Raises GitFailed, and then the rest of it is
    still there.
    """
    aside = place(began.run)
    try:
        await clear(git, began.since)
    finally:
        # Before all else that can fail: a person looks at what is left then.
        await disarm(git, aside)
    kept = await _put_away(git, began, aside)
    if await git.has(aside):
        return replace(kept, aside=aside) if kept else Keeping(ref="", files=0, aside=aside)
    return kept


async def _put_away(git: Git, began: Marker, aside: str) -> Keeping | None:
    now = await _look(git)
    moved = await movement(git, began, now)
    kept = await _keep(git, began, now, moved, aside)
    await _go_back(git, began, now, moved)
    if await disarm(git, aside):
        # The index has names again that the run had taken out of it.
        await _go_back(git, began, now, moved)
    left = await state.look(git)
    if left.files:
        # What is not tracked is kept by now, but for files that the run's own rules ignored.
        more = await _keep(git, began, left, Movement.NONE, aside, beyond=kept.ref if kept else "")
        kept = kept or more
        await git("clean", "-ffdq")
    return kept or await _kept_before(git, began)


async def _kept_before(git: Git, began: Marker) -> Keeping | None:
    """Return what whoever cleaned up was killed over before it could say where it is."""
    known = f"{REFS}/{began.run}"
    pattern = (known, f"{known}-*")
    text = await git("for-each-ref", "--sort=-version:refname", "--format=%(refname)", *pattern)
    for ref in text.split():
        # An agent may have made one of anything.
        if await git.succeeds("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"):
            return Keeping(ref=ref, files=await commits.count(git, began.head, ref))
    return None


async def _look(git: Git) -> Status:
    try:
        return await state.look(git)
    except GitFailed:
        # Killed while it wrote, git can leave an index that it cannot read. All it knows beyond
        # the tree and HEAD is what was staged.
        await remove(git, INDEX)
        return await state.look(git)


async def _keep(  # noqa: PLR0913 - what was found, and where things go
    git: Git, began: Marker, now: Status, moved: Movement, aside: str, *, beyond: str = ""
) -> Keeping | None:
    """Make the reference; None if there is nothing, or nothing `beyond` another reference."""
    ours = moved in {Movement.OWN, Movement.REWRITTEN} and now.head != began.head
    if not now.files and not ours:
        return None
    head = now.head or began.head
    await _gather(git, aside, head)
    tree = (await git("write-tree", index=_INDEX)).strip()
    await remove(git, _INDEX)
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


async def _gather(git: Git, aside: str, head: str) -> None:
    """Put all that is not ignored into an index of our own, and repositories in the tree aside."""
    await remove(git, _INDEX, f"{_INDEX}.lock")
    try:
        # With a copy of the workspace's index, what is unchanged need not be read.
        await git.command("cp", INDEX, _INDEX)
        await git("add", "--all", index=_INDEX)
    except GitFailed:
        await remove(git, _INDEX, f"{_INDEX}.lock")
        await git("read-tree", head, index=_INDEX)
        await git("add", "--all", index=_INDEX)
    while found := await commits.nested_repositories(git, _INDEX, head):
        for path in found:
            await take_out(git, aside, path)
            await git("update-index", "--force-remove", "--", path, index=_INDEX)
        await git("add", "--all", index=_INDEX)


async def _name(git: Git, run: str, commit: str) -> str:
    """Make the first reference of the run that can be made."""
    names = [f"{REFS}/{run}", *(f"{REFS}/{run}-{number}" for number in range(2, _NUMBERS))]
    for ref in names:
        if await git.succeeds("update-ref", ref, commit, ""):
            return ref
    # So many are no accident: somebody made what is in the way of all, or of those that we count.
    for above in (REFS.rpartition("/")[0], REFS):
        await shell(git, _WAY, f".git/{above}")
        await git.succeeds("update-ref", "--no-deref", "-d", above)
    ref = f"{REFS}/{run}-{_NUMBERS + secrets.randbelow(10**9)}"
    await git("update-ref", ref, commit, "")
    return ref


async def _go_back(git: Git, began: Marker, now: Status, moved: Movement) -> None:
    await remove(git, *(f".git/{name}" for name in _REMAINS))
    if moved is Movement.FOREIGN:
        await git("reset", "--hard", "--quiet")
        return
    if now.branch != began.branch:
        await git("symbolic-ref", "HEAD", f"refs/heads/{began.branch}")
    await git("reset", "--hard", "--quiet", began.head, "--")
