"""What the dead may have left in git's way in a workspace, by accident or on purpose, taken away.

All of it is asked of programs in the run's own cell. Only what changed since the run began is
touched, by the time of change: nobody can set that back.
"""

from typing import Final

from pmrunnerd.services import status
from pmrunnerd.services.git import Git

# Rights come first, and each before its directory is entered. A lock is a file; a directory of its
# name is as much in the way. Git makes none, but somebody may call a submodule so.
_CLEAR: Final = """
find . \\( -path ./.git/hooks -o -path ./.git/info -o -path ./.git/modules \\) -prune \\
    -o -type d ! -perm -u=rwx -newerct "$1" -exec chmod u+rwx -- {} \\; \\
    -o -type f ! -perm -u=r -newerct "$1" -exec chmod u+r -- {} \\;
find .git ! -type d -name '*.lock' -newerct "$1" -delete
find .git \\( -path .git/modules -o -path .git/worktrees -o -path .git/pm-runner-kept \\) -prune \\
    -o -type d -name '*.lock' -newerct "$1" -prune \\
    -exec chmod -R u+rwx -- {} \\; -exec rm -rf -- {} +
"""
_REMOVE: Final = """
for path; do
    [ -L "$path" ] || [ ! -d "$path" ] || chmod -R u+rwx -- "$path"
    rm -rf -- "$path"
done
"""


async def clear(git: Git, since: float) -> None:
    """Remove git's locks, and give us back the rights that were taken from us.

    `since` is when the run began (POSIX): whoever held a lock of later is dead. Raises GitFailed.
    """
    status.operation(git.cell.workspace)  # a `.git` that is gone is told in words
    await shell(git, _CLEAR, f"@{since:.6f}")


async def remove(git: Git, *paths: str) -> None:
    """Delete files, and directories with all that is in them, whoever may write there."""
    await shell(git, _REMOVE, *paths)


async def shell(git: Git, script: str, *arguments: str) -> None:
    """Run a few lines of a shell that ends at the first that fails; raise GitFailed then."""
    await git.command("sh", "-ec", script, "sh", *arguments)
