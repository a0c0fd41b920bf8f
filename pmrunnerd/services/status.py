"""What a workspace looks like: its branch, its commit, what is not committed, what is half done."""

import asyncio
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.services.cell import NoWorkspace
from pmrunnerd.services.git import OBJECT, Git, GitFailed

SHOWN: Final = 10  # files that a reason names; the rest is counted

# How often to look, and seconds between two looks.
_LOOKS: Final = 20
_PAUSE: Final = 0.1
_WORKING: Final = "a git command"
_HALF_DONE: Final = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
    "index.lock": _WORKING,
}
_WAYS_BACK: Final = {
    "a rebase": "git rebase --abort",
    "a merge": "git merge --abort",
    "a cherry-pick": "git cherry-pick --abort",
    "a revert": "git revert --abort",
    "a bisection": "git bisect reset",
    _WORKING: "rm .git/index.lock, if no git runs here any more",
}
# Fields before the path, by the first letter of a record of `git status --porcelain=v2`.
_FIELDS: Final = {"1": 8, "2": 9, "u": 10}


class HistoryGone(GitFailed):
    """The commit that a run would go back to is not there any more."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(
            f"cannot work in {workspace}: its .git has no commit any more; put its history back, or"
            " begin a new one: git commit --allow-empty -m start"
        )


class Status(Struct, frozen=True, kw_only=True):
    """One look. `branch` is empty where HEAD is detached, `head` where there is no commit yet."""

    branch: str
    head: str
    files: tuple[str, ...]
    half_done: str = ""

    @property
    def problem(self) -> str:
        """Why no run may begin here; empty where one may, but for what `files` lists."""
        if not self.head:
            return (
                "it has no commit yet; make one, so that a run has something to go back to:"
                " git commit --allow-empty -m start"
            )
        # Before the branch: in a rebase HEAD is none, and checking one out is no way out of it.
        if self.half_done:
            back = _WAYS_BACK[self.half_done]
            return f"{self.half_done} is half done; finish it, or take it back: {back}"
        if not self.branch:
            return "its HEAD is no branch; check one out: git switch BRANCH"
        return ""


async def look(git: Git) -> Status:
    """Look at a workspace. Raises GitFailed, CannotConfine."""
    half_done = operation(git.cell.workspace)
    text = await git(
        *("status", "--porcelain=v2", "--branch", "-z", "--no-renames"),
        # What is dirty inside a submodule cannot be committed here; `substatus` looks there.
        *("--untracked-files=normal", "--ignore-submodules=dirty"),
    )
    branch, head, files = understand(text.split("\0"))
    return Status(branch=branch, head=head, files=tuple(files), half_done=half_done)


def understand(records: Iterable[str]) -> tuple[str, str, list[str]]:
    """Return branch, commit and changed files of what `git status --porcelain=v2 --branch` says."""
    branch, head, files = "", "", list[str]()
    for record in records:
        kind, _, rest = record.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            if name == "branch.oid" and OBJECT.fullmatch(value):
                head = value
            elif name == "branch.head" and value != "(detached)":
                branch = value
        elif kind == "?":
            files.append(rest)
        elif kind in _FIELDS:
            files.append(record.split(" ", _FIELDS[kind])[-1])
    return branch, head, files


async def has(git: Git, revision: str) -> bool:
    """Tell whether a commit is there."""
    return await git.succeeds("cat-file", "-e", f"{revision}^{{commit}}")


async def explain(git: Git, revision: str) -> None:
    """Raise HistoryGone if that is why git failed: nothing else that it says is of use then.

    Where there is no `.git` that is a directory, raises GitFailed that says so.
    """
    operation(git.cell.workspace)
    if not await has(git, revision):
        raise HistoryGone(git.cell.workspace)


async def settled(git: Git) -> Status:
    """Look until no git is at work in the workspace, for a while: somebody's editor may have one."""
    for _ in range(_LOOKS):
        status = await look(git)
        if status.half_done != _WORKING:
            break
        await asyncio.sleep(_PAUSE)
    return status


def operation(workspace: Path) -> str:
    """Say what git has begun in a workspace and not finished; raise GitFailed without a `.git`."""
    directory = workspace / ".git"
    try:
        if not stat.S_ISDIR(directory.lstat().st_mode):
            raise GitFailed(
                f"cannot use {directory}: it is no directory any more, so the history lies"
                " elsewhere; add the repository that it belongs to, or a clone"
            )
    except FileNotFoundError:
        if not workspace.is_dir():
            raise GitFailed(str(NoWorkspace(workspace))) from None
        raise GitFailed(
            f"cannot use {workspace}: its .git is gone; put it back, or remove the project"
        ) from None
    there = (what for name, what in _HALF_DONE.items() if os.path.lexists(directory / name))
    return next(there, "")


def listed(files: tuple[str, ...]) -> str:
    """Name some files and count the rest."""
    rest = len(files) - SHOWN
    return ", ".join(files[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
