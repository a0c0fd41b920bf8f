"""Whether a run may begin in a workspace as it is: the one rule, for run host and daemon alike.

With a note of a dead run, what is not committed is that run's; without one it is a person's, who is
asked and whose files nobody touches.
"""

from msgspec import Struct

from pmrunnerd.services import flags, submodules
from pmrunnerd.services import marker as note
from pmrunnerd.services import status as state
from pmrunnerd.services.commits import find
from pmrunnerd.services.git import Git, GitFailed, shown
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from pmrunnerd.services.status import Status


class Judgement(Struct, frozen=True, kw_only=True):
    """Why no run may begin; or, with no `problem`, whose leftovers are to be put away first."""

    status: Status
    problem: str = ""
    leftovers: Marker | None = None


async def judge(git: Git, stranger: str = "") -> Judgement:
    """Look at a workspace that no run has, and change nothing. Raises GitFailed, CannotConfine.

    A note of the run `stranger` is as good as none.
    """
    try:
        status = await state.look(git)
    except GitFailed:
        await state.explain(git, "HEAD")
        raise
    marker = note.read(git.cell.workspace)
    if marker is not None and marker.run == stranger:
        marker = None
    if marker is not None and not status.head:
        await state.explain(git, marker.head)
    if marker is None or (status.head and await find(git, (marker.run,))):
        problem = status.problem or _persons(status) or await _hidden(git) or await _strangers(git)
        return Judgement(status=status, problem=problem)
    moved = await movement(git, marker, status)
    if moved is not Movement.FOREIGN:
        return Judgement(status=status, leftovers=marker)
    # A person has worked here since. What is not committed could be theirs as well as the run's.
    problem = status.problem or _mixed(status, marker) or await _strangers(git)
    return Judgement(status=status, problem=problem)


def _persons(status: Status) -> str:
    if not status.files:
        return ""
    return f"it has changes that no run made; commit or stash them: {state.listed(status.files)}"


async def _hidden(git: Git) -> str:
    found = await flags.hidden(git)
    if not found:
        return ""
    return (
        f"git was told not to look at {state.listed(tuple(map(shown, found)))}, so that changes there"
        " are nobody's: git update-index --no-assume-unchanged --no-skip-worktree FILE"
    )


async def _strangers(git: Git) -> str:
    found = await submodules.strangers(git)
    if not found:
        return ""
    return (
        f"submodule {state.listed(tuple(map(shown, found)))} has its configuration where an agent could write"
        " it, and git outside would obey that: git submodule absorbgitdirs"
    )


def _mixed(status: Status, marker: Marker) -> str:
    if not status.files:
        return ""
    return (
        f"it has changes of run {marker.run} or of whoever committed since; commit or stash them:"
        f" {state.listed(status.files)}"
    )
