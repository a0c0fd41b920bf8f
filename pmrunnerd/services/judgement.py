"""Whether a run may begin in a workspace as it is: the one rule, for run host and daemon alike.

With a note of a dead run, what is not committed is that run's; without one it is a person's, who is
asked and whose files nobody touches.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from pmrunnerd.services import flags, substatus
from pmrunnerd.services import marker as note
from pmrunnerd.services import status as state
from pmrunnerd.services.commits import find
from pmrunnerd.services.git import Git, GitFailed, shown
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from pmrunnerd.services.status import Status
from pmrunnerd.services.substatus import Standing


class Judgement(Struct, frozen=True, kw_only=True):
    """Why no run may begin; or, with no `problem`, whose leftovers are to be put away first.

    `submodules` are known where a run may begin at once.
    """

    status: Status
    problem: str = ""
    leftovers: Marker | None = None
    submodules: tuple[Standing, ...] = ()


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
    if marker is not None and not (status.head and await find(git, (marker.run,))):
        moved = await movement(git, marker, status)
        if moved is not Movement.FOREIGN:
            return Judgement(status=status, leftovers=marker)
        # A person has worked here since. What is not committed could be theirs as well as the run's.
        whose = f"changes of run {marker.run} or of whoever committed since"
    else:
        whose = "changes that no run made"
    if status.problem:
        return Judgement(status=status, problem=status.problem)
    inside = await substatus.look(git)
    problem = _changes(status, inside, whose) or await _hidden(git, inside) or _closed(inside)
    return Judgement(status=status, problem=problem, submodules=inside)


def _changes(status: Status, inside: Sequence[Standing], whose: str) -> str:
    files = (*status.files, *(path for one in inside for path in one.files))
    return f"it has {whose}; commit or stash them: {state.listed(files)}" if files else ""


async def _hidden(git: Git, inside: Sequence[Standing]) -> str:
    own = tuple(map(shown, await flags.hidden(git)))
    found = (*own, *(path for one in inside for path in one.hidden))
    if not found:
        return ""
    return (
        f"git was told not to look at {state.listed(found)}, so that changes there"
        " are nobody's: git update-index --no-assume-unchanged --no-skip-worktree FILE"
    )


def _closed(inside: Sequence[Standing]) -> str:
    """Say which submodules nobody guards, or git cannot read, so that nothing is known of them."""
    if found := _paths(one for one in inside if not one.submodule.is_guarded):
        return (
            f"submodule {found} has its configuration where an agent could write"
            " it, and git outside would obey that: git submodule absorbgitdirs"
        )
    if found := _paths(one for one in inside if not one.readable):
        return f"git cannot tell what is changed in submodule {found}: git -C SUBMODULE status"
    return ""


def _paths(found: Iterable[Standing]) -> str:
    return state.listed(tuple(shown(one.submodule.path) for one in found))
