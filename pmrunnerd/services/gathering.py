"""Makes one tree of what lies in a repository, by an index of our own, so that theirs stays as it is."""

from collections.abc import Sequence
from typing import Final

from pmrunnerd.services import selfignored
from pmrunnerd.services.git import Git, GitFailed

_INDEX: Final = "pm-runner-index"


async def gather(git: Git, base: str, rules: Sequence[str] = ()) -> str:
    """Return the tree of all that a commit tracks or that is not ignored, and of `rules`.

    Raises GitFailed.
    """
    index = f"{git.directory}/{_INDEX}"
    try:
        # With a copy of the repository's own, what is unchanged need not be read, and what a sparse
        # checkout leaves out is not deleted.
        await git.command("cp", "--", f"{git.directory}/index", index)
        await git("read-tree", "--reset", base, index=index)
        return await _tree(git, rules, index)
    except GitFailed:
        await git.command("rm", "-rf", index)
        await git("read-tree", base, index=index)
        return await _tree(git, rules, index)


async def _tree(git: Git, rules: Sequence[str], index: str) -> str:
    await git("add", "--all", "--sparse", index=index)
    if rules:
        await selfignored.add(git, rules, index)
    tree = await git("write-tree", index=index)
    await git.command("rm", "-f", index)
    return tree.strip()
