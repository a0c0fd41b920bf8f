"""Submodules of a workspace: seen as a run begins, and kept and put back as it ends.

What a run left in one becomes a commit there, under a reference as in the workspace itself, and the
submodule stands at it while the workspace's own is kept: so that one names this one. Whatever
a person had in there before, or did in it meanwhile, makes it theirs: it is left as it is.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from pmrunnerd.services import flags, keptrefs, submodules, substatus
from pmrunnerd.services.gathering import gather
from pmrunnerd.services.git import OBJECT, Git, GitFailed, decode, email
from pmrunnerd.services.marker import Marker, Within
from pmrunnerd.services.outcome import Exited
from pmrunnerd.services.substatus import Standing

log = logging.getLogger(__name__)

_MANY: Final = 10_000  # commits; a run does not make more
_FLAGGED: Final = "/^[a-zS] /p"
# Makes a file of one line; what is in its place goes, but for a directory with something in it.
_WRITE: Final = 'rm -fd -- "$1" && printf "%s\\n" "$2" > "$1"'
# Rules that others hide, one below the other; more are no accident.
_ROUNDS: Final = 10
_REMAINS: Final = (
    *("rebase-merge", "rebase-apply", "sequencer", "BISECT_LOG", "BISECT_START"),
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
)


class Left(NamedTuple):
    """A submodule to put back, and the commit that what the run left in it is by now."""

    within: Within
    commit: str


def found(git: Git, inside: Sequence[Standing]) -> tuple[Within, ...]:
    """Return how those stand that are as their commits have them, with all that is in them."""
    changed = [one.submodule.path for one in inside if not one.is_clean]
    whole = [one for one in inside if not any(_is_in(path, one) for path in changed)]
    return tuple(within for one in whole if (within := _within(git, one)) is not None)


def _is_in(path: str, one: Standing) -> bool:
    return f"{path}/".startswith(f"{one.submodule.path}/")


def _within(git: Git, one: Standing) -> Within | None:
    path, target = one.submodule.path, one.submodule.target
    try:
        path.encode()  # a note is to name it
    except UnicodeEncodeError:
        return None
    directory = str(target.relative_to(git.cell.workspace / ".git"))
    within = Within(path=path, directory=directory, head=one.head, branch=one.branch)
    return within if within.is_sound() else None


async def keep(git: Git, began: Marker) -> list[Left]:
    """Keep what the run left in submodules; return those to put back, outer ones first.

    Those of which git can make nothing, or where somebody else was at work, are left as they are.
    """
    if not began.submodules:
        return []
    now = await _as_they_were(git)
    guarded = await asyncio.to_thread(submodules.guarded, git.cell.workspace)
    kept = []
    # Inner ones first: what an outer one is kept as names what they are kept as.
    for within in reversed(began.submodules):
        if (target := git.cell.workspace / ".git" / within.directory) not in guarded:
            continue
        try:
            tree = git.cell.workspace / within.path
            if within in now and not await _hides(git.within(target, tree)):
                continue
            inner = await _enter(git, target, within)
            if not await _is_somebody_s(inner, within):
                kept.append(Left(within, await _keep(inner, began.run, target, within)))
        except GitFailed as exc:
            log.warning("leaving submodule %s as it is: %s", within.path, exc)
    return kept[::-1]


async def _as_they_were(git: Git) -> tuple[Within, ...]:
    try:
        return found(git, await substatus.look(git))
    except GitFailed as exc:  # more than it can say, say
        log.warning("looking at each submodule alone: %s", exc)
        return ()


async def _hides(inner: Git) -> bool:
    """Tell whether there is anything that git is not to look at; it may not even be there."""
    return bool(await inner.records("ls-files", "-v", "-z", only=_FLAGGED))


async def put_back(git: Git, run: str, kept: list[Left]) -> None:
    """Have what was kept where the run found it, each in a tree that was put back before."""
    for within, commit in kept:
        target = git.cell.workspace / ".git" / within.directory
        try:
            inner = await _enter(git, target, within)
            await _put_back(inner, target, within)
            await _clear(inner, run, commit)
        except GitFailed as exc:
            log.warning("cannot put submodule %s back: %s", within.path, exc)


async def _enter(git: Git, target: Path, within: Within) -> Git:
    """Return the git of a submodule, which leads there again, and has a HEAD."""
    tree = git.cell.workspace / within.path
    if not await asyncio.to_thread(_is_there, git.cell.workspace, within.path):
        tree = target  # git wants one, and there is nothing in here to keep
    elif await asyncio.to_thread(submodules.leads, git.cell.workspace, within.path) != target:
        await _write(git, tree / ".git", _lead(target, tree))
    inner = git.within(target, tree)
    if not await inner.succeeds("rev-parse", "--git-dir"):
        full = _full(within.branch)
        await _write(git, target / "HEAD", f"ref: {full}" if full else within.head)
    return inner


def _lead(target: Path, tree: Path) -> str:
    return f"gitdir: {os.path.relpath(target, tree)}"


def _is_there(workspace: Path, path: str) -> bool:
    """Tell whether a path is a directory, and reached by no link."""
    for name in PurePosixPath(path).parts:
        workspace /= name
        if workspace.is_symlink() or not workspace.is_dir():
            return False
    return True


async def _write(git: Git, path: Path, line: str) -> None:
    await git.command("sh", "-euc", _WRITE, "sh", str(path), line)


async def _is_somebody_s(inner: Git, within: Within) -> bool:
    """Tell whether somebody else than a run moved HEAD there, or committed to its branch."""
    head = await _commit(inner, "HEAD")
    on = await inner.outcome("symbolic-ref", "--quiet", "HEAD")
    branch = decode(on.out).strip() if isinstance(on, Exited) else ""
    if head and (head, branch) != (within.head, _full(within.branch)):
        moved = await inner.outcome("log", "--walk-reflogs", "-1", "--format=%ge", "HEAD", "--")
        mover = decode(moved.out).strip() if isinstance(moved, Exited) else ""
        if mover and not mover.endswith(email("")):
            return True
    return bool(within.branch) and await _has_others(inner, within)


async def _has_others(inner: Git, within: Within) -> bool:
    """Tell whether the branch has commits since that are not a run's."""
    if not (tip := await _commit(inner, _full(within.branch))):
        return False
    many = ("--no-show-signature", f"--max-count={_MANY}", "--format=%ce")
    text = await inner("log", *many, f"{within.head}..{tip}", "--")
    return any(not address.endswith(email("")) for address in text.splitlines())


async def _keep(inner: Git, run: str, target: Path, within: Within) -> str:
    head = commit = await _commit(inner, "HEAD") or within.head
    if inner.tree != target:
        tree = await _gather(inner, head)
        if tree != (await inner("rev-parse", f"{head}^{{tree}}")).strip():
            commit = await _commit_of(inner, run, tree, head)
    if commit == within.head:
        return commit  # it was on another branch, or the index differed
    pointed = ("for-each-ref", f"--points-at={commit}", f"{keptrefs.REFS}/{run}*")
    if not await inner(*pointed):
        await keptrefs.make(inner, run, commit)
    await inner("update-ref", "--no-deref", "HEAD", commit)
    return commit


async def _commit_of(inner: Git, run: str, tree: str, head: str) -> str:
    what = f"What run {run} left behind"
    return (await inner("commit-tree", tree, "-p", head, "-m", what)).strip()


async def _gather(inner: Git, head: str) -> str:
    try:
        await flags.show(inner)
    except GitFailed:  # an index that git cannot read hides nothing, and goes
        await inner.command("rm", "-rf", f"{inner.directory}/index")
    return await gather(inner, head)


async def _put_back(inner: Git, target: Path, within: Within) -> None:
    if inner.tree == target:
        raise GitFailed(f"{within.path} is no directory")
    branch = _full(within.branch)
    if branch and not await _has_others(inner, within):
        tip = await _commit(inner, branch)
        # Only from where it was seen: somebody may commit at this moment.
        await inner("update-ref", branch, within.head, tip)
        await inner("symbolic-ref", "HEAD", branch)
    else:
        await inner("update-ref", "--no-deref", "HEAD", within.head)
    # An index of the run's may hide files, or be none.
    await inner.command("rm", "-rf", *(str(target / name) for name in ("index", *_REMAINS)))
    await inner("reset", "--hard", "--quiet")


async def _clear(inner: Git, run: str, kept: str) -> None:
    """Take away what is not tracked; first keep what only the run's own rules ignored."""
    only = ("-r", "--diff-filter=A", "--no-renames", "--name-only")
    for _ in range(_ROUNDS):
        tree = await _gather(inner, "HEAD")
        if await inner("diff-tree", *only, kept, tree):
            await keptrefs.make(inner, run, await _commit_of(inner, run, tree, "HEAD"))
        if not await inner("clean", "-fd"):
            return


async def _commit(inner: Git, revision: str) -> str:
    """Return the commit that something names; empty where it names none."""
    named = await inner.outcome("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    name = decode(named.out).strip() if isinstance(named, Exited) and not named.status else ""
    return name if OBJECT.fullmatch(name) else ""


def _full(branch: str) -> str:
    return f"refs/heads/{branch}" if branch else ""
