"""The references under which a repository keeps what runs left behind: `<run>`, then `<run>-2`.

Nothing is ever overwritten, and nothing that an agent puts in the way keeps one from being made.
"""

import re
import secrets
from collections.abc import Sequence
from typing import Final

from pmrunnerd.services.git import Git

REFS: Final = "refs/pm-runner/runs"
_REF: Final = re.compile(rf"{REFS}/([a-z]\d+-[0-9a-f]+)(?:-\d+)?")
# References with a number that people can count to; what is in the way of more is no accident.
_NUMBERS: Final = 10

_SUM: Final = """
"$@" cat-file commit "$COMMIT" | sed '/^author /d; /^committer /d' | sha256sum --zero
"""
# An agent may have made thousands, one of anything, and of what is nowhere, where for-each-ref fails.
_COMMITS: Final = """
"$@" for-each-ref --sort=-version:refname --format='%(refname) %(refname)' {known} '{known}-*' |
    "$@" cat-file --buffer --batch-check='%(objecttype) %(rest)' |
    sed --quiet 's/^commit //p' | tr '\\n' '\\0'
"""


async def latest(git: Git, run: str) -> str:
    """Return the last reference that keeps a commit of a run; empty without one. Raises GitFailed."""
    refs = await every(git, run)
    return refs[-1] if refs else ""


async def every(git: Git, run: str) -> tuple[str, ...]:
    """Return the references that keep a commit of a run, by their numbers. Raises GitFailed."""
    return tuple(counted(await git.pipeline(commits(run))))


def commits(run: str) -> str:
    """Return a script that prints the references that keep a commit of a run, the last one first."""
    return _COMMITS.format(known=f"{REFS}/{run}")


def counted(refs: Sequence[str]) -> list[str]:
    """Return by their numbers what that script printed, and of too many the last."""
    return [*reversed(refs[:_NUMBERS])]


async def _content(git: Git, commit: str) -> list[str]:
    """Return a sum of all of a commit but when it was made, and by whom."""
    return await git.pipeline(_SUM, COMMIT=commit)


def owner(ref: str) -> str:
    """Return the run whose work is kept as a reference; empty where it is none of these."""
    found = _REF.fullmatch(ref)
    return found[1] if found else ""


async def make(git: Git, run: str, commit: str) -> str:
    """Make the first reference of a run that can be made, and return its name. Raises GitFailed.

    Where one holds as much, because who made it was killed before it could say so, return that.
    """
    content = await _content(git, commit)
    for ref in await every(git, run):
        if await _content(git, ref) == content:
            return ref
    names = [f"{REFS}/{run}", *(f"{REFS}/{run}-{number}" for number in range(2, _NUMBERS))]
    for ref in names:
        if await git.succeeds("update-ref", ref, commit, ""):
            return ref
    # So many are no accident: somebody made what is in the way of all, or of those that we count.
    for above in (REFS.rpartition("/")[0], REFS):
        await git.succeeds("update-ref", "--no-deref", "-d", above)
    ref = f"{REFS}/{run}-{_NUMBERS + secrets.randbelow(10**9)}"
    await git("update-ref", ref, commit, "")
    return ref
