"""A run's hold on a workspace: taken clean, given back clean, and nothing lost in between.

The hold is a lock on the directory, which the kernel lets go when the run host dies, and a note
(`marker`) that outlives it, so that the next run knows whose the mess is.
"""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Final, TypeVar

from msgspec import structs

from pmrunnerd.services import (
    commits,
    flags,
    guard,
    holding,
    ignoring,
    keeping,
    leftovers,
    stubs,
    subkeeping,
)
from pmrunnerd.services import marker as note
from pmrunnerd.services import status as state
from pmrunnerd.services.cell import NoWorkspace
from pmrunnerd.services.commits import Commit, InSubmodule
from pmrunnerd.services.git import Git, GitFailed, TooSlow
from pmrunnerd.services.holding import Elsewhere, Held, hold
from pmrunnerd.services.judgement import judge
from pmrunnerd.services.keeping import Keeping
from pmrunnerd.services.marker import Marker
from pmrunnerd.services.movement import Movement, movement
from pmrunnerd.services.obstacles import ASIDE, Damaged, Tell, place, sweep, unheard
from pmrunnerd.services.status import Status
from pmrunnerd.services.substatus import uncommitted

_SHORT: Final = 10
# A full disk is no person's doing in the workspace, and no bug: the work is tried again.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

T = TypeVar("T")


class HeadMoved(GitFailed):
    """The branch is not where the run found it. `foreign`: the run alone cannot have done that."""

    def __init__(self, message: str, *, foreign: bool = False) -> None:
        super().__init__(message)
        self.foreign = foreign


class Tenancy:
    """One run's hold. Made by `take`; ended by `leave`, or by the end of the process."""

    def __init__(self, git: Git, began: Marker, lock: int, tell: Tell) -> None:
        self._git = git
        self._tell = tell
        self._lock = lock
        self._aside = place(began.run)
        self.began = began
        # Below the workspace, of what had to be moved out of the tree; empty if nothing had to.
        self.aside = ""

    async def finish(self, subject: str, trailers: Sequence[tuple[str, str]]) -> Commit | None:
        """Commit what the run changed; None if it changed nothing.

        Commits that it made itself stay. Where it raises HeadMoved, NestedRepository, TooDeep, InSubmodule,
        another GitFailed or TooSlow, nothing was committed; where Unnamed, it was.
        """
        return await self._explained(self._finish(subject, trailers))

    async def _finish(self, subject: str, trailers: Sequence[tuple[str, str]]) -> Commit | None:
        taken = await self._sweep()
        # Nothing is asked behind the commit that can be asked before it.
        where = f"{ASIDE}/{self._aside}"
        self.aside = where if await self._git.has(where) else ""
        await flags.show(self._git)
        now = await state.settled(self._git)
        await self._check(now, {Movement.FOREIGN, Movement.REWRITTEN})
        if now.half_done:
            raise HeadMoved(f"it left {now.half_done} half done; nothing was committed")
        ignored = await ignoring.among(self._git, taken)
        if nested := [path for path in taken if path not in ignored]:
            raise commits.refusal(nested, where)
        if inside := await uncommitted(self._git):
            raise InSubmodule(inside)
        head = now.head
        if now.files:
            named = any(name == commits.TRAILER for name, _ in trailers)
            own = () if named else ((commits.TRAILER, self._git.run),)
            await commits.stage(self._git)
            await commits.make(self._git, subject, (*trailers, *own))
            head = await commits.made(self._git)
        if head == self.began.head:
            return None
        return await commits.described(self._git, self.began.head, head, subject)

    async def check(self) -> None:
        """Raise HeadMoved if somebody else's commits came in while it ran; GitFailed."""
        await self._sweep()
        await self._explained(self._look_who())

    async def _look_who(self) -> None:
        now = await state.look(self._git)
        if not now.head:
            await state.explain(self._git, self.began.head)
        await self._check(now, {Movement.FOREIGN})

    async def _explained(self, doing: Coroutine[object, object, T]) -> T:
        """Do it, and where git fails since the history is gone, say that."""
        try:
            return await doing
        except Elsewhere:
            raise
        except GitFailed:
            await state.explain(self._git, self.began.head)
            raise

    async def _check(self, now: Status, bad: Collection[Movement]) -> None:
        moved = await movement(self._git, self.began, now)
        if moved in bad:
            was = f"{self.began.head[:_SHORT]} on {self.began.branch}"
            now_at = f"{now.head[:_SHORT] or 'no commit'} on {now.branch or 'no branch'}"
            raise HeadMoved(
                f"HEAD moved while it ran, from {was} to {now_at}; nothing was committed",
                foreign=moved is Movement.FOREIGN,
            )

    async def disarm(self) -> None:
        """Leave nothing that git outside would enter, where the rest stays. Raises GitFailed."""
        await self._sweep()

    async def _sweep(self) -> list[str]:
        since, branch = self.began.since, self.began.branch
        holding.reopen(self._git.cell.workspace, self._lock, since)
        return await sweep(self._git, self._aside, since=since, branch=branch, tell=self._tell)

    async def put_away(self) -> Keeping | None:
        """Keep what the run left behind and go back to where it began. Raises GitFailed."""
        holding.reopen(self._git.cell.workspace, self._lock, self.began.since)
        away = keeping.put_away(self._git, self.began, self._aside, self._tell)
        return await self._explained(away)

    def leave(self) -> None:
        """Give the workspace back, in good order."""
        note.remove(holding.held(self._lock))
        self.close()

    def close(self) -> None:
        """Let go of it as it is; the note stays for the next run to find."""
        if self._lock >= 0:
            guard.lift(holding.held(self._lock))
            os.close(self._lock)
        self._lock = -1


class Finished(Exception):
    """An earlier run of the task had finished its work and died before it could say so."""

    def __init__(self, commit: Commit) -> None:
        super().__init__(commit.id)
        self.commit = commit


async def take(  # noqa: PLR0913 - what a run host knows that a workspace does not
    git: Git,
    perhaps_finished: Sequence[str],
    *,
    alive: Callable[[str], bool],
    began: Callable[[str], float | None],
    put_away: Callable[[Marker, Keeping | None], None],
    tell: Tell = unheard,
) -> Tenancy:
    """Take a workspace for a run, clean and at a commit of a branch.

    What a dead run left behind is put away first, and `put_away` is told its note; `tell` is what else people are to know. `alive` tells whether a
    run's host is, `began` when it was to begin (POSIX), if we know of it. Of the runs that have `perhaps_finished` the work, one may have committed it. Raises Held,
    Finished, CannotConfine, and OSError on a full disk.
    """
    lock = hold(git.cell.workspace)
    try:
        try:
            taken = await _begin(git, perhaps_finished, alive, began, put_away, tell)
        except (GitFailed, TooSlow, NoWorkspace, OSError) as exc:
            if isinstance(exc, OSError) and exc.errno in FULL:
                raise
            raise Held(str(exc)) from exc
    except BaseException:
        guard.lift(git.cell.workspace)
        os.close(lock)
        raise
    return Tenancy(git, taken, lock, tell)


async def _begin(  # noqa: PLR0913 - what `take` is told
    git: Git,
    perhaps_finished: Sequence[str],
    alive: Callable[[str], bool],
    began: Callable[[str], float | None],
    put_away: Callable[[Marker, Keeping | None], None],
    tell: Tell,
) -> Marker:
    workspace = git.cell.workspace
    state.operation(workspace)  # a `.git` that is none is told in words
    left, aside, stranger, since = note.read(workspace), "", "", 0.0
    if left is not None and left.run != git.run and alive(left.run):
        raise Held(f"run {left.run} has the workspace")
    known = None if left is None else began(left.run)
    if left is not None and known is None:
        # An agent can have written any name. Of a run that we do not know nobody can tell what it
        # made: all of it is a person's.
        stranger, left = left.run, None
    elif left is not None and known is not None:
        aside, since = place(left.run), known
        # Killed before its sandbox was quite there, its run host can have left something running.
        await leftovers.end(left.run, below=False)
        # So that it can be judged at all, whatever the dead left in git's way. It is put right by
        # now, and where it went is told with the rest.
        with contextlib.suppress(Damaged):
            await sweep(git, aside, since=since, branch=left.branch, tell=tell)
    judged = await judge(git, stranger)
    if judged.status.head and (done := await commits.find(git, perhaps_finished)):
        if left is not None and left.run == done.run:
            note.remove(workspace)
        raise Finished(done)
    if judged.problem:
        whose = f" (nothing is known here of run {stranger}, whose note it has)" if stranger else ""
        raise Held(f"cannot work in {workspace}: {judged.problem}{whose}")
    if judged.leftovers is not None:
        # When it began an agent can have written, too.
        dead = structs.replace(judged.leftovers, since=since)
        with contextlib.suppress(GitFailed):  # where it cannot, they are kept with the rest
            await stubs.clear(git)
        put_away(dead, await keeping.put_away(git, dead, aside, tell))
        note.remove(workspace)
        judged = await judge(git)
        if judged.problem:
            raise Held(f"cannot clean up {workspace}: {judged.problem}")
    now = judged.status
    inside = subkeeping.found(git, judged.submodules)
    here = Marker(run=git.run, head=now.head, branch=now.branch, submodules=inside)
    taken = structs.replace(here, since=time.time())
    note.write(workspace, taken)
    # By the clock of the disk that the workspace is on, and as coarse as that: all else that the
    # run makes there is not older.
    return structs.replace(taken, since=note.made(workspace))
