"""What the dead left in a workspace, taken away before git goes to work there.

`broom` does it, a program of ours in the run's own cell. No mount is in its way there, as it is for
git, so all that it moves is moved at once.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import broom, guard, ignoring, parcel, process, procfs, status
from pmrunnerd.services.broom.errand import KEPT
from pmrunnerd.services.cell import CannotConfine, Reach
from pmrunnerd.services.git import Git, GitFailed, TooSlow, failure, shown
from pmrunnerd.services.outcome import Exited, Outcome

Tell = Callable[[str], None]
"""Hears what people are to know of a workspace, and of no failure."""

ASIDE: Final = f".git/{KEPT.decode()}"
# How often to look whether somebody's git is done, and seconds between two looks.
_LOOKS: Final = 100
_PAUSE: Final = 0.1


def place(run: str) -> str:
    """Return a directory for what a run's workspace has to lose, below ASIDE; nobody can know it."""
    return f"{run}-{secrets.token_hex(4)}"


class Damaged(GitFailed):
    """The run had made something of `.git` that cannot be had again; git can work there now."""


def unheard(_: str) -> None:
    """Hear it, and say it to nobody."""


async def sweep(  # noqa: PLR0913 - all that the program is to know
    git: Git,
    aside: str,
    *,
    since: float,
    branch: str,
    remove: Sequence[str] = (),
    tell: Tell = unheard,
) -> list[str]:
    """Take away what git would stumble over, and repositories of the run's making out of the tree.

    Returns the paths of those, which went to the `place`. `since` is when the run began (POSIX), on
    which branch; `remove` are names in `.git` that go; pipes and links that go are told. Raises Damaged, once, when it has done all
    that can be done; GitFailed where somebody's git is at work, or something cannot be done. Even then git outside enters nothing.
    """
    status.operation(git.cell.workspace)  # a `.git` that is gone is told in words
    if await asyncio.to_thread(_is_locked, git.cell.workspace):
        await _alone(git.cell.workspace)
    return await _run(git, aside, tell, since=since, branch=branch, remove=remove)


async def evacuate(git: Git, aside: str) -> None:
    """Move all that is in the tree and not ignored to a `place`; raise GitFailed."""
    await _run(git, aside, unheard, since=0.0, stay=await ignoring.top(git))


def _is_locked(workspace: Path) -> bool:
    """Tell whether an index is locked, that of the workspace or of a submodule."""
    every = (str(workspace / ".git"), *_guarded(workspace))
    return any(os.path.lexists(f"{directory}/index.lock") for directory in every)


async def _alone(workspace: Path) -> None:
    """Wait until nobody's git works there: a lock of the living is not ours to take away."""
    for _ in range(_LOOKS):
        if not (others := await asyncio.to_thread(procfs.working_in, workspace, "git")):
            return
        await asyncio.sleep(_PAUSE)
    raise GitFailed(f"cannot work in {workspace}: git is at work there (pid {min(others)})")


async def _run(git: Git, aside: str, tell: Tell, **more: object) -> list[str]:
    told = {
        "top": str(git.cell.workspace),
        "aside": aside,
        "guarded": await asyncio.to_thread(_guarded, git.cell.workspace),
        **more,
    }
    # By a file: there may be more names than a command line takes.
    with parcel.packed(broom) as program, process.given(json.dumps(told).encode()) as file:
        words = parcel.command(program, str(file))
        outcome = await git.program(words, Reach(unguarded=True, lent=(program, file)))
    try:
        said = json.loads(outcome.out) if isinstance(outcome, Exited) else None
    except ValueError:
        said = None
    if said is None:
        raise _failure(git.cell.workspace, outcome)
    if removed := said["removed"]:
        named = status.listed(tuple(map(shown, removed)))
        tell(f"took away what git would wait for, or follow: {named}")
    if said["stuck"]:
        raise GitFailed(f"cannot move {said['stuck'][0]!a} out of {git.cell.workspace}")
    if lost := said["lost"]:
        raise Damaged(
            f"it overwrote {', '.join(f'.git/{name}' for name in lost)}: branches, tags and history that only"
            f" this told of are lost; what it made of it is in {ASIDE}/{aside}"
        )
    return list(said["taken"])


def _guarded(workspace: Path) -> Sequence[str]:
    try:
        return [str(path) for path in guard.submodules(workspace / ".git")]
    except CannotConfine:
        return ()  # somebody has been at them, and none of them is to be trusted


def _failure(workspace: Path, outcome: Outcome) -> GitFailed | TooSlow:
    if isinstance(outcome, Exited):
        # Of a traceback, what it comes to.
        *_, last = outcome.err.strip().splitlines() or [b""]
        outcome = Exited(outcome.status, b"", last)
    return failure(f"clear up {workspace}", outcome)
