"""Puts away what a run leaves behind: kept under a reference, and the tree back where it began.

Ignored files are left alone. Nothing is ever overwritten: what cannot go under `<run>` any more,
because an earlier attempt was cut off half-way, goes under `<run>-2`.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.services import allkept, commits, flags, keptrefs, selfignored, subkeeping
from pmrunnerd.services import status as state
from pmrunnerd.services.gathering import gather
from pmrunnerd.services.git import Git, GitFailed, NoRoom
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, foreign, movement
from pmrunnerd.services.obstacles import ASIDE, Damaged, Tell, evacuate, sweep, unheard
from pmrunnerd.services.status import Status

log = logging.getLogger(__name__)

_OWN: Final = ".git/index"
_TREE: Final = "tree-"
# Bytes without which git can do nothing.
_LEAST: Final = 1 << 20
# Rules that others hide, one below the other; more are no accident.
_ROUNDS: Final = 10
# What git leaves of an operation that `reset --hard` does not end, and what it does not end where
# it is a directory.
_REMAINS: Final = (
    *("rebase-merge", "rebase-apply", "sequencer", "BISECT_LOG", "BISECT_START"),
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
)


class Keeping(Struct, frozen=True, kw_only=True):
    """Where it is, and how many files it is.

    `aside` is a directory below the workspace with repositories that lay in its tree. `ref` is empty
    where there was nothing else. `also` are further references of the run's, those of submodules too.
    """

    ref: str
    files: int
    aside: str = ""
    also: tuple[str, ...] = ()


async def put_away(git: Git, began: Marker, aside: str, tell: Tell = unheard) -> Keeping | None:
    """Keep everything of the run that took the workspace so, and clean up; None for nothing.

    Repositories that lie in the tree go to `aside`, a `place`; so does all of it where git can make
    nothing of what there is. Where somebody else moved HEAD, the branch stays. Raises GitFailed, and
    then the rest of it is still there.
    """
    await _sweep(git, began, aside, tell)
    try:
        kept = await _put_away(git, began)
    except GitFailed as exc:
        if isinstance(exc, NoRoom) or _is_full(git.cell.workspace):
            raise  # it is no fault of what there is, and passes
        log.warning("trying again to keep what run %s left: %s", began.run, exc)
        kept = await _try_again(git, began, aside)
    if kept is not None:
        kept = replace(kept, also=await allkept.beside(git, began, kept.ref))
    for place in (f"{ASIDE}/{_TREE}{aside}", f"{ASIDE}/{aside}"):
        if await git.has(place):
            return replace(kept or Keeping(ref="", files=0), aside=place)
    return kept


async def _sweep(git: Git, began: Marker, aside: str, tell: Tell = unheard) -> None:
    try:
        since, branch = began.since, began.branch
        await sweep(git, aside, since=since, branch=branch, remove=_REMAINS, tell=tell)
    except Damaged as exc:
        log.warning("run %s: %s", began.run, exc)


async def _try_again(git: Git, began: Marker, aside: str) -> Keeping | None:
    """Put away once more, in case somebody was in the way; else have all of the tree aside."""
    await _sweep(git, began, aside)
    try:
        return await _put_away(git, began)
    except GitFailed as exc:
        if isinstance(exc, NoRoom) or _is_full(git.cell.workspace):
            raise
        log.warning("moving aside what git cannot keep of run %s: %s", began.run, exc)
        return await _start_over(git, began, f"{_TREE}{aside}")


def _is_full(workspace: Path) -> bool:
    found = os.statvfs(workspace)
    return found.f_bavail * found.f_frsize < _LEAST or (found.f_files > 0 and not found.f_favail)


async def _put_away(git: Git, began: Marker) -> Keeping | None:
    await _stand(git, began)
    submodules = await subkeeping.keep(git, began)
    now = await _look(git)
    moved = await movement(git, began, now)
    kept = await _keep(git, began, now, moved)
    await _go_back(git, began, now, moved)
    await subkeeping.put_back(git, began.run, submodules)
    kept = await _clear(git, began, kept)
    if kept is not None and not await git.succeeds("cat-file", "-e", kept.ref):
        raise GitFailed(f"cannot keep what run {began.run} left: {kept.ref} went")
    return kept or await _kept_before(git, began)


async def _clear(git: Git, began: Marker, kept: Keeping | None) -> Keeping | None:
    """Take away what is not tracked, which is kept by now, but for what the run's rules ignored.

    Those that are new go with the rest; only then git sees what they spoke of.
    """
    for _ in range(_ROUNDS):
        left = await state.look(git)
        rules = [] if left.files else await selfignored.find(git, began.since)
        if not left.files and not rules:
            return kept
        beyond = kept.ref if kept else ""
        more = await _keep(git, began, left, Movement.NONE, beyond=beyond, rules=rules)
        kept = kept or more
        if rules:
            await selfignored.remove(git, rules)
        elif not await git("clean", "-fd"):
            return kept  # all that is left is tracked: a submodule that does not go back
    raise GitFailed(f"cannot keep what run {began.run} left: its rules ignore one another")


async def _stand(git: Git, began: Marker) -> None:
    """Have HEAD be a commit, where it names one that is nowhere: so it is nobody's."""
    look = ("rev-parse", "--verify", "--quiet")
    if await git.succeeds(*look, "HEAD") and not await git.succeeds(*look, "HEAD^{commit}"):
        branch = f"refs/heads/{began.branch}"
        await git("symbolic-ref", "HEAD", branch)
        if not await git.succeeds(*look, f"{branch}^{{commit}}"):
            await git("update-ref", branch, began.head)


async def _start_over(git: Git, began: Marker, aside: str) -> Keeping | None:
    """Go back to where a run began without a look at what is in the tree: all of it goes aside."""
    submodules = await subkeeping.keep(git, began)
    await git.command("rm", "-f", _OWN)
    branch = (await git("rev-parse", "--symbolic-full-name", "HEAD")).strip()
    now = Status(
        branch=branch.removeprefix("refs/heads/"), head=await git.commit_id("HEAD"), files=()
    )
    moved = await movement(git, began, now)
    # First what can fail: a tree that is full is better than one that is empty.
    await _back_on_branch(git, began, now, moved)
    await git("read-tree", _base(began, now, moved))
    try:
        await evacuate(git, aside)
    finally:
        await git("reset", "--hard", "--quiet")
    await subkeeping.put_back(git, began.run, submodules)
    return await _kept_before(git, began)


async def _kept_before(git: Git, began: Marker) -> Keeping | None:
    """Return what whoever cleaned up was killed over before it could say where it is."""
    if not (ref := await keptrefs.latest(git, began.run)):
        return None
    return Keeping(ref=ref, files=await commits.count(git, began.head, ref))


async def _look(git: Git) -> Status:
    try:
        await flags.show(git)
        return await state.look(git)
    except GitFailed:
        # Killed while it wrote, git can leave an index that it cannot read. All it knows beyond
        # the tree and HEAD is what was staged.
        await git.command("rm", "-f", _OWN)
        return await state.look(git)


async def _keep(  # noqa: PLR0913 - what there is, and what of it counts
    git: Git,
    began: Marker,
    now: Status,
    moved: Movement,
    *,
    beyond: str = "",
    rules: Sequence[str] = (),
) -> Keeping | None:
    """Make the reference, of `rules`, too; None if there is nothing, or nothing `beyond` another."""
    ours = moved in {Movement.OWN, Movement.REWRITTEN} and now.head != began.head
    if not now.files and not ours and not rules:
        return None
    head = now.head or began.head
    tree = await gather(git, _base(began, now, moved), rules)
    if beyond and not await _adds(git, beyond, tree):
        return None
    commit = head
    if tree != (await git("rev-parse", f"{head}^{{tree}}")).strip():
        what = f"What run {began.run} left behind"
        commit = (await git("commit-tree", tree, "-p", head, "-m", what)).strip()
    elif not ours:
        return None  # only the index differed
    files = await commits.count(git, began.head if ours else head, commit)
    return Keeping(ref=await keptrefs.make(git, began.run, commit), files=files)


async def _adds(git: Git, old: str, new: str) -> bool:
    return bool(
        await git("diff-tree", "-r", "--diff-filter=A", "--no-renames", "--name-only", old, new)
    )


def _base(began: Marker, now: Status, moved: Movement) -> str:
    """Return the commit that says what is tracked, whatever rules ignore it and whatever a run added."""
    is_run_s = moved in {Movement.OWN, Movement.REWRITTEN}
    return began.head if is_run_s or not now.head else now.head


async def _go_back(git: Git, began: Marker, now: Status, moved: Movement) -> None:
    await _back_on_branch(git, began, now, moved)
    # What a run alone had tracked is a person's ignored file, perhaps, which a reset would remove.
    await git("read-tree", "--reset", _base(began, now, moved))
    await git("reset", "--hard", "--quiet")


async def _back_on_branch(git: Git, began: Marker, now: Status, moved: Movement) -> None:
    if moved is Movement.FOREIGN:
        return
    if now.branch != began.branch:
        await git("symbolic-ref", "HEAD", f"refs/heads/{began.branch}")
    await _take_back(git, began, now)


async def _take_back(git: Git, began: Marker, now: Status) -> None:
    """Have the branch where the run found it, unless somebody else has committed there since."""
    branch = f"refs/heads/{began.branch}"
    seen = now.head
    if now.branch != began.branch or not seen:
        seen = await git.commit_id(branch) if await git.succeeds("show-ref", branch) else ""
        if seen and await foreign(git, began, seen):
            return
    if seen != began.head:
        # Only from where it was seen: somebody may commit at this moment.
        await git("update-ref", branch, began.head, seen)
