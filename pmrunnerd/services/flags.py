"""What an index keeps from git: files that it is told not to look at, though they are there.

A person's change of such a file would be nobody's, and overwritten; an agent's would stay unseen.
"""

from typing import Final

from pmrunnerd.services.git import Git

# `ls-files -v`: a small letter is assume-unchanged, S is skip-worktree, which is in order for what
# is not there. Paths are those of the working tree, in which git need not have been started.
HIDDEN: Final = """
hidden() (
    cd -- "$GIT_WORK_TREE" || exit
    "$@" ls-files -v -z | sed --null-data --quiet '/^[a-zS] /p' |
        while IFS= read -r -d '' one; do
            case $one in S\\ *) [ -e "${one#? }" ] || [ -L "${one#? }" ] || continue ;; esac
            printf '%s\\0' "${one#? }"
        done
)
"""
_SHOW: Final = f"""
{HIDDEN}
hidden "$@" | "$@" update-index --no-assume-unchanged -z --stdin
hidden "$@" | "$@" update-index --no-skip-worktree -z --stdin
"""
_LIST: Final = f"""
{HIDDEN}
hidden "$@"
"""


async def hidden(git: Git) -> list[str]:
    """Return the paths of what is there and kept from git. Raises GitFailed."""
    return await git.pipeline(_LIST)


async def show(git: Git) -> None:
    """Have git look at all that is there again. Raises GitFailed."""
    await git.pipeline(_SHOW)
