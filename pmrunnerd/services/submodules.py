"""Repositories inside a workspace that its index names: git outside enters them, so whose are they.

A person's `git status` goes into each, and executes what its configuration names. That of a
submodule lies in `.git/modules`, where it is guarded; one that lies in the tree is an agent's to
write. So a run neither begins nor ends with one of those.
"""

import asyncio
import os
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from pmrunnerd.services import guard
from pmrunnerd.services.broom import pointers
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.git import Git, GitFailed

_LINKS: Final = "/^160000 /p"
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST: Final = 20


class Submodule(NamedTuple):
    """A repository that git enters, by its path; `target` is its git directory."""

    path: str
    target: Path
    is_guarded: bool


async def strangers(git: Git) -> list[str]:
    """Return those whose configuration nobody guards, by their paths. Raises GitFailed."""
    return [found.path for found in await every(git) if not found.is_guarded]


async def every(git: Git) -> list[Submodule]:
    """Return all that git would enter, each before those that lie in it. Raises GitFailed."""
    trusted = await asyncio.to_thread(guarded, git.cell.workspace)
    return await _below(git, "", 0, trusted)


def guarded(workspace: Path) -> frozenset[Path]:
    """Return the git directories that nobody in a sandbox can make lead elsewhere."""
    try:
        return frozenset(guard.submodules(workspace / ".git"))
    except CannotConfine:
        return frozenset()  # somebody has been at them, and none of them is to be trusted


async def _below(git: Git, where: str, depth: int, trusted: frozenset[Path]) -> list[Submodule]:
    inside = ("-C", where) if where else ()
    records = await git.records(*inside, "ls-files", "--stage", "-z", only=_LINKS)
    found: list[Submodule] = []
    for record in records:
        name = record.partition("\t")[2]
        path = f"{where}/{name}" if where else name
        if (target := await asyncio.to_thread(leads, git.cell.workspace, path)) is None:
            continue
        # Below the directory of one that is guarded there is room for another that is not.
        if depth == _DEEPEST or target not in trusted:
            found.append(Submodule(path, target, is_guarded=False))
            continue
        try:
            below = await _below(git, path, depth + 1, trusted)
        except GitFailed:
            # Somebody broke it, and nobody can tell what is in there.
            found.append(Submodule(path, target, is_guarded=False))
        else:
            found += [Submodule(path, target, is_guarded=True), *below]
    return found


def leads(workspace: Path, path: str) -> Path | None:
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
        target = pointers.leads(file, os.fsencode(repository))
    finally:
        os.close(file)
    return entry if target is None else Path(os.fsdecode(target))
