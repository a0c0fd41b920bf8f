"""Whose doing it is that a workspace's HEAD is not where a run found it."""

from enum import StrEnum
from typing import Final

from pmrunnerd.services.git import Git, GitFailed, email
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.status import Status, has

# A run does not make more commits than this; a person who pulls may.
_MANY: Final = 10_000


class Movement(StrEnum):
    """What happened to HEAD. OWN are commits on top that only the run made."""

    NONE = "none"
    OWN = "own"
    REWRITTEN = "rewritten"
    FOREIGN = "foreign"


async def movement(git: Git, began: Marker, now: Status) -> Movement:
    """Tell how HEAD got from where a run began to where it is now. Raises GitFailed.

    REWRITTEN: the run left the branch, or changed what was committed before it; its own doing, but
    nothing to build on. FOREIGN: somebody else had a hand in it, so nothing of it may be undone.
    """
    if not now.head:
        return Movement.REWRITTEN  # onto a branch without a commit: nobody's work is in it
    if now.head == began.head:
        if now.branch == began.branch:
            return Movement.NONE
        # Nobody's work is on that branch either, but a person wants to be there who went there.
        mover = (await git("log", "--walk-reflogs", "-1", "--format=%ge", "HEAD", "--")).strip()
        return Movement.REWRITTEN if mover == email(began.run) else Movement.FOREIGN
    if await foreign(git, began, now.head):
        return Movement.FOREIGN
    ancestor = await git.succeeds("merge-base", "--is-ancestor", began.head, now.head)
    return Movement.OWN if ancestor and now.branch == began.branch else Movement.REWRITTEN


async def foreign(git: Git, began: Marker, head: str) -> bool:
    """Tell whether what is between a run's begin and a commit is not all and only of its making."""
    try:
        text = await git(
            *("log", "--no-show-signature", f"--max-count={_MANY}", "--format=%ce"),
            *(f"{began.head}..{head}", "--"),
        )
    except GitFailed:
        if await has(git, began.head):
            raise
        return True  # a history that somebody began anew
    return set(text.split("\n")) - {""} != {email(began.run)}
