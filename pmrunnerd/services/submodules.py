"""Repositories inside a workspace that its index names: git outside enters them, so whose are they.

A person's `git status` goes into each, and executes what its configuration names. That of a
submodule lies in `.git/modules`, where it is guarded; one that lies in the tree is an agent's to
write. So a run neither begins nor ends with one of those.
"""

import asyncio
import os
from pathlib import Path, PurePosixPath
from typing import Final

from pmrunnerd.services import guard
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.git import Git, GitFailed

_LINKS: Final = "/^160000 /p"
_POINTS: Final = b"gitdir: "
_LONG: Final = 8192
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST: Final = 20


async def strangers(git: Git) -> list[str]:
    """Return those whose configuration nobody guards, by their paths. Raises GitFailed."""
    try:
        guarded = await asyncio.to_thread(_guarded, git.cell.workspace)
    except CannotConfine:
        guarded = frozenset()  # somebody has been at them, and none of them is to be trusted
    return await _below(git, "", 0, guarded)


def _guarded(workspace: Path) -> frozenset[Path]:
    return frozenset(guard.submodules(workspace / ".git"))


async def _below(git: Git, where: str, depth: int, guarded: frozenset[Path]) -> list[str]:
    inside = ("-C", where) if where else ()
    try:
        records = await git.records(*inside, "ls-files", "--stage", "-z", only=_LINKS)
    except GitFailed:
        if not where:
            raise
        return [where]  # somebody broke it, and nobody can tell what is in there
    found: list[str] = []
    for record in records:
        name = record.partition("\t")[2]
        path = f"{where}/{name}" if where else name
        if (target := await asyncio.to_thread(_target, git.cell.workspace, path)) is None:
            continue
        # Below the directory of one that is guarded there is room for another that is not.
        if depth == _DEEPEST or target not in guarded:
            found.append(path)
        else:
            found += await _below(git, path, depth + 1, guarded)
    return found


def _target(workspace: Path, path: str) -> Path | None:
    """Return where the git directory of a repository is; None if there is none that git enters."""
    repository = workspace
    entry = repository / path / ".git"
    try:
        for name in PurePosixPath(path).parts:
            repository /= name
            if repository.is_symlink():
                return None
        file = os.open(entry, _LOOK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:  # .git is a link, or something is not ours to read
        return entry
    try:
        content = os.read(file, _LONG)
    except OSError:  # a directory
        return entry
    finally:
        os.close(file)
    if not content.startswith(_POINTS):
        return entry
    # Git takes what is before a NUL; and a path may go in circles, which `resolve` does not bear.
    to, _, _ = content.removeprefix(_POINTS).rstrip(b"\r\n").partition(b"\0")
    return Path(os.path.realpath(repository / os.fsdecode(to)))
