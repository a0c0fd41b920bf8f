"""Names all that keeps something of a run, so that nothing is kept where nobody looks for it."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import keptrefs, submodules
from pmrunnerd.services.git import Git
from pmrunnerd.services.marker import Marker

# Of each directory that is given: `=`, and its references.
_EACH: Final = """
while IFS= read -r -d '' GIT_DIR; do
    export GIT_DIR
    printf '= \\0'
    {{ {each}
    }} || true
done <&"$GIVEN"
"""


async def beside(git: Git, began: Marker, ref: str) -> tuple[str, ...]:
    """Return the references of the run beside the one that is told first. Raises GitFailed.

    The workspace's own name one of each submodule, by its commit; where there are more, all are
    told, as `REF in PATH`.
    """
    own = await keptrefs.every(git, began.run)
    return (*(one for one in own if one != ref), *await _inside(git, began))


async def _inside(git: Git, began: Marker) -> tuple[str, ...]:
    trusted = await asyncio.to_thread(submodules.guarded, git.cell.workspace)
    places = {one.path: git.cell.workspace / ".git" / one.directory for one in began.submodules}
    paths = [path for path, place in places.items() if place in trusted]
    if not paths:
        return ()
    each = await _of_each(git, [places[path] for path in paths], began.run)
    named = zip(paths, each, strict=True)
    return tuple(f"{ref} in {path}" for path, refs in named if len(refs) > 1 for ref in refs)


async def _of_each(git: Git, places: Sequence[Path], run: str) -> list[list[str]]:
    given = b"".join(os.fsencode(place) + b"\0" for place in places)
    each = list[list[str]]()
    for record in await git.pipeline(_EACH.format(each=keptrefs.commits(run)), given):
        if record == "= ":
            each.append([])
        else:
            each[-1].append(record)
    return [keptrefs.counted(refs) for refs in each]
