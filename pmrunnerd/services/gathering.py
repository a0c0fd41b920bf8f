"""Makes one tree of what lies in a workspace, by an index of our own, so that theirs stays as it is."""

from collections.abc import Sequence
from typing import Final

from pmrunnerd.services import selfignored
from pmrunnerd.services.git import Git, GitFailed

_OWN: Final = ".git/index"
_INDEX: Final = ".git/pm-runner-index"


async def gather(git: Git, base: str, rules: Sequence[str] = ()) -> str:
    """Return the tree of all that a commit tracks or that is not ignored, and of `rules`.

    Raises GitFailed.
    """
    try:
        # With a copy of the workspace's index, what is unchanged need not be read.
        await git.command("cp", "--", _OWN, _INDEX)
        await git("read-tree", "--reset", base, index=_INDEX)
        return await _tree(git, rules)
    except GitFailed:
        await git.command("rm", "-rf", _INDEX)
        await git("read-tree", base, index=_INDEX)
        return await _tree(git, rules)


async def _tree(git: Git, rules: Sequence[str]) -> str:
    await git("add", "--all", index=_INDEX)
    if rules:
        await selfignored.add(git, rules, _INDEX)
    tree = await git("write-tree", index=_INDEX)
    await git.command("rm", "-f", _INDEX)
    return tree.strip()
