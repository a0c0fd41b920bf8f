"""How the submodules of a workspace stand: their commits, and what in them is not committed.

Each is asked for itself, and not through the one above it: that one's `.gitmodules` and a person's
configuration could have git say nothing of what is in it.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from pmrunnerd.services import flags, status, submodules
from pmrunnerd.services.git import Git, shown
from pmrunnerd.services.submodules import Submodule

# Of each: `=`, what git says, each flagged file after a `~`, and `!` where git fails there.
_LOOK: Final = rf"""
{flags.HIDDEN}
while IFS= read -r -d '' GIT_DIR && IFS= read -r -d '' GIT_WORK_TREE; do
    export GIT_DIR GIT_WORK_TREE
    printf '= \0'
    "$@" status --porcelain=v2 --branch -z --no-renames --untracked-files=normal \
        --ignore-submodules=dirty || printf '! \0'
    hidden "$@" | sed --null-data 's/^/~ /' || printf '! \0'
done <&"$GIVEN"
"""


class Standing(Struct, frozen=True, kw_only=True):
    """A submodule, its branch and commit, and by their paths in the workspace what is not committed.

    `hidden` are files that git was told not to look at. Of one that nobody guards nothing is known,
    nor of one where git fails, which is not `readable`.
    """

    submodule: Submodule
    branch: str = ""
    head: str = ""
    files: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    readable: bool = True

    @property
    def is_clean(self) -> bool:
        """Tell whether it is known to be as its commit has it."""
        whole = self.submodule.is_guarded and self.readable
        return whole and not self.files and not self.hidden


async def look(git: Git) -> tuple[Standing, ...]:
    """Return how all that git would enter stands, outer ones first. Raises GitFailed."""
    found = await submodules.every(git)
    guarded = [one for one in found if one.is_guarded]
    if not guarded:
        return tuple(Standing(submodule=one) for one in found)
    places = (os.fsencode(str(path)) for one in guarded for path in _places(git, one))
    records = await git.pipeline(_LOOK, b"".join(place + b"\0" for place in places))
    known = dict(zip(guarded, _split(records), strict=True))
    return tuple(
        _standing(one, known[one]) if one in known else Standing(submodule=one) for one in found
    )


async def uncommitted(git: Git) -> list[str]:
    """Return the paths in submodules that no commit of the workspace can have. Raises GitFailed.

    Of a submodule of which nothing is known that is its own.
    """
    if not await asyncio.to_thread(os.path.isdir, git.cell.workspace / ".git/modules"):
        return []
    found = [one for one in await look(git) if not one.is_clean]
    each = ((*one.files, *one.hidden) or (shown(one.submodule.path),) for one in found)
    return [path for paths in each for path in paths]


def _places(git: Git, one: Submodule) -> tuple[object, object]:
    return one.target, git.cell.workspace / one.path


def _split(records: Sequence[str]) -> list[list[str]]:
    each = list[list[str]]()
    for record in records:
        if record == "= ":
            each.append([])
        else:
            each[-1].append(record)
    return each


def _standing(one: Submodule, said: Sequence[str]) -> Standing:
    branch, head, files = status.understand(said)
    hidden = [record.removeprefix("~ ") for record in said if record.startswith("~ ")]
    return Standing(
        submodule=one,
        branch=branch,
        head=head,
        files=tuple(shown(f"{one.path}/{path}") for path in files),
        hidden=tuple(shown(f"{one.path}/{path}") for path in hidden),
        readable="! " not in said,
    )
