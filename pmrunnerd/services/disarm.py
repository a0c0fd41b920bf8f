"""Leaves no repository in a workspace that git outside would enter, whatever lies in the way.

An agent writes everything there but what is guarded, `.git` included, so it can plant what makes
any step fail. Where a repository cannot be moved out of the tree it stops being one, and where not
even that can be done the index goes, which alone leads git into it.
"""

import secrets
from itertools import accumulate
from pathlib import PurePosixPath
from typing import Final

from pmrunnerd.services import submodules
from pmrunnerd.services.git import Git, GitFailed
from pmrunnerd.services.obstacles import remove, shell

ASIDE: Final = ".git/pm-runner-kept"
INDEX: Final = ".git/index"
_SET_ASIDE: Final = """
kept=$1 path=$2 target=$3; shift 3
chmod u+rwx .git
[ -d "$kept" ] && [ ! -L "$kept" ] || rm -f -- "$kept"
mkdir -p -- "$kept"; chmod u+rwx -- "$kept"
mkdir -p -- "${target%/*}"
chmod u+rwx -- "$@"
mv -T -- "$path" "$target"
"""
_STOP: Final = """
path=$1 name=$2; shift 2
chmod u+rwx -- "$@"
mv -T -- "$path/.git" "$path/$name"
"""


async def disarm(git: Git, aside: str) -> bool:
    """Take out what the index names and nobody guards, to a `place`; tell whether there was any.

    Raises GitFailed where it cannot; even then git outside enters nothing.
    """
    try:
        found = await submodules.strangers(git)
    except GitFailed:
        # An index that git cannot read, or no file: all it knows is what was staged.
        await remove(git, INDEX)
        return True
    for path in found:
        await take_out(git, aside, path)
    return bool(found)


def place(run: str) -> str:
    """Return the name of a directory for what a run's workspace has to lose; nobody can know it."""
    return f"{ASIDE}/{run}-{secrets.token_hex(4)}"


async def take_out(git: Git, aside: str, path: str) -> bool:
    """Move a repository that lies in the workspace to a `place`, whole.

    False where it cannot be moved, and is a plain directory now. Raises GitFailed where not even
    that can be done; then the index is gone.
    """
    above = [*accumulate(PurePosixPath(path).parts, "{}/{}".format)]
    try:
        await shell(git, _SET_ASIDE, ASIDE, path, f"{aside}/{path}", *above)
    except GitFailed:
        try:
            await shell(git, _STOP, path, f".git-{secrets.token_hex(4)}", *above)
        except GitFailed:
            await remove(git, INDEX)
            raise
        return False
    return True
