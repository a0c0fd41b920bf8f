"""Gives a workspace back what an earlier run of the task had done, for an agent that goes on with it.

The branch may have moved since: then it is merged, and where that is not possible nothing changes.
Whoever is killed over it leaves a part of it in the tree, and a note that says so.
"""

from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.services import marker
from pmrunnerd.services.git import Git
from pmrunnerd.services.marker import Marker


class Restored(Struct, frozen=True):
    """What became of what is kept as `ref`: it is `there` again, as changes, or only kept."""

    ref: str
    there: bool


async def restore(git: Git, began: Marker, ref: str) -> Restored:
    """Have the changes that are kept as a reference in a clean workspace again.

    `began` is the note of the run that does it. Raises GitFailed, OSError.
    """
    kept = f"{ref}^{{commit}}"
    if not await git.succeeds("rev-parse", "--verify", "--quiet", kept):
        return Restored(ref, there=False)
    head = await git.commit_id("HEAD")
    if not await git.succeeds("merge-base", "HEAD", ref):
        return Restored(ref, there=False)
    base = (await git("merge-base", "HEAD", ref)).strip()
    marker.exchange(git.cell.workspace, replace(began, restoring=ref))
    there = await _put_back(git, ref, head, base)
    marker.exchange(git.cell.workspace, began)
    return Restored(ref, there)


async def _put_back(git: Git, ref: str, head: str, base: str) -> bool:
    there = True
    if base == head:
        await git("read-tree", "-m", "-u", "HEAD", ref)
    else:
        # One commit of all that was done, whatever commits the run itself had made of it.
        tree = (await git("rev-parse", f"{ref}^{{tree}}")).strip()
        done = (await git("commit-tree", tree, "-p", base, "-m", f"What is kept as {ref}")).strip()
        there = await git.succeeds("cherry-pick", "--no-commit", "--strategy=ort", done)
    # Changes that nobody has staged, as the run had left them; or none.
    await git("reset", "--quiet", "--mixed" if there else "--hard")
    return there
