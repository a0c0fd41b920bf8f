"""Whether a directory is a repository, in git's eyes, that the run made or changed."""

import os
from collections.abc import Iterator
from typing import Final

from pmrunnerd.services.broom import pointers
from pmrunnerd.services.broom.entries import DIRECTORY, NOFOLLOW, find, is_directory, names
from pmrunnerd.services.broom.errand import Errand

# What leads git to a configuration, beside a HEAD. Half of a repository counts, too: a later run
# could put the rest to it, and would not have made it.
LEADS: Final = frozenset({b"config", b"commondir"})
# What of a repository says what git executes there, or that it is one.
_PIECES: Final = (b"HEAD", b"config", b"config.worktree", b"commondir", b"hooks")


def is_ours(here: int, path: bytes, inside: list[bytes], errand: Errand) -> bool:
    """Tell it of an open directory with these names in it; `path` is that in the workspace."""
    if b".git" not in inside:
        return _is_new_bare(here, inside, errand)
    found = find(b".git", here)
    if found is None:
        return False
    if is_directory(found):
        # Git passes by one that is empty, and takes the directory itself.
        return _has_new_pieces(b".git", here, errand) or _is_new_bare(here, inside, errand)
    target = _target(here, path, errand)
    if target is None:
        return errand.is_new(found)
    # A person's working tree, whose git directory nobody in the sandbox can write.
    is_tree = target.startswith(errand.git + b"/worktrees/")
    if target in errand.guarded or is_tree:
        return False
    return errand.is_new(found) or _has_new_pieces(target, None, errand)


def _is_new_bare(here: int, inside: list[bytes], errand: Errand) -> bool:
    if b"HEAD" not in inside or LEADS.isdisjoint(inside):
        return False
    return _has_new_pieces(b".", here, errand)


def _has_new_pieces(name: bytes, here: int | None, errand: Errand) -> bool:
    for piece in _pieces(name, here):
        found = find(piece, here)
        if found is not None and errand.is_new(found):
            return True
    return False


def _pieces(name: bytes, here: int | None) -> Iterator[bytes]:
    for piece in _PIECES:
        yield name + b"/" + piece
    try:
        hooks = os.open(name + b"/hooks", DIRECTORY, dir_fd=here)
    except OSError:
        return
    try:
        yield from (name + b"/hooks/" + hook for hook in names(hooks))
    finally:
        os.close(hooks)


def _target(here: int, path: bytes, errand: Errand) -> bytes | None:
    """Return where a `.git` that is a file leads to; None where git would not follow it."""
    try:
        file = os.open(b".git", NOFOLLOW, dir_fd=here)
    except OSError:
        return None
    try:
        return pointers.leads(file, errand.top + b"/" + path)
    finally:
        os.close(file)
