"""Rules that a run made and that ignore themselves, so that git shows neither them nor what they hide.

Left there, a later run's work in that directory would be ignored, too, and not committed.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services.git import Git

_RULES: Final = r"/\(^\|\/\)\.gitignore$/p"
# What says of its directory that it holds nothing of anybody's, and can be made again.
_CACHES: Final = ("CACHEDIR.TAG", "pyvenv.cfg")
_ADD: Final = '"$@" add --force --pathspec-from-file=- --pathspec-file-nul <&"$GIVEN"'
_REMOVE: Final = 'xargs --null rm -f -- <&"$GIVEN"'


async def find(git: Git, since: float) -> list[str]:
    """Return such rules that changed since a moment (POSIX), but for those of caches.

    Those that a rule from above ignores are not among them. Raises GitFailed.
    """
    # With --directory, git does not go down into what rules from above ignore as a whole.
    others = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    found = await git.records(*others, only=_RULES)
    return await asyncio.to_thread(_new, git.cell.workspace, found, since)


def _new(workspace: Path, paths: Sequence[str], since: float) -> list[str]:
    return [path for path in paths if _is_new(workspace / path, since)]


def _is_new(path: Path, since: float) -> bool:
    try:
        if path.lstat().st_ctime < since:
            return False
    except OSError:  # gone, or in what is shut
        return False
    return not any(os.path.lexists(path.with_name(name)) for name in _CACHES)


async def add(git: Git, paths: Sequence[str], index: str) -> None:
    """Put rules into an index. Raises GitFailed."""
    await git.pipeline(f"export GIT_INDEX_FILE={index}; {_ADD}", _given(paths))


async def remove(git: Git, paths: Sequence[str]) -> None:
    """Take rules out of the tree. Raises GitFailed."""
    await git.pipeline(_REMOVE, _given(paths))


def _given(paths: Sequence[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)
