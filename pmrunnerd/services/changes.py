"""What a run changed so far."""

from typing import Final

from msgspec import Struct

from pmrunnerd.services import promises
from pmrunnerd.services.git import Git, shown
from pmrunnerd.services.substatus import uncommitted

_INDEX: Final = ".git/pm-runner-index"
# Of what is not tracked only repositories are listed as directories.
_REPOSITORIES: Final = "/\\/$/p"


class Changes(Struct, frozen=True):
    """Paths that differ from where the run began, and lines of them that promise more, as `path: line`.

    What no commit can have: `nested` are repositories that were made in the workspace, `inside` is
    what is not committed in a submodule.
    """

    paths: frozenset[str]
    marked: tuple[str, ...]
    nested: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


async def changes(git: Git, head: str) -> Changes:
    """Compare all that is not ignored with a commit. Raises GitFailed."""
    await git("read-tree", head, index=_INDEX)
    nested = await git.records(
        *("ls-files", "--others", "--exclude-standard", "-z"), index=_INDEX, only=_REPOSITORIES
    )
    if nested:  # one without a commit would be the end of it
        await git.outcome("add", "--all", "--sparse", "--ignore-errors", index=_INDEX)
    else:
        await git("add", "--all", "--sparse", index=_INDEX)
    names = await git.records(
        *("diff-index", "--cached", "--name-only", "--no-renames", "-z", head),
        index=_INDEX,
        only="p",
    )
    marked = await promises.added(git, head, index=_INDEX)
    await git.command("rm", "-f", _INDEX)
    return Changes(
        frozenset(map(shown, names)),
        marked,
        tuple(map(shown, nested)),
        tuple(await uncommitted(git)),
    )
