"""Deletes the references that keep what runs left behind, and no others, by a git in a sandbox.

In submodules, too. What was set aside stays: nobody can tell whether it was a person's. Only while
nobody has the workspace; only `.git` can be written; what an agent put in a reference's place is
not followed, and what it put in the way keeps what is of its own run, at most.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import cells, guard, holding, leftovers, marker, status, submodules
from pmrunnerd.services.git import Git, GitFailed
from pmrunnerd.services.keptrefs import REFS

_NUMBERED: Final = re.compile(rf"{REFS}/(?P<run>.+?)(-[0-9]+)?")
# Nobody holds these for longer than a moment, in minutes: a git that was killed left them.
_STALE: Final = 60
# What is found is deleted, whatever rights were taken from it; no link is followed.
_DELETE: Final = (
    *("(", "!", "-type", "d", "-o", "-exec", "chmod", "-R", "u+rwx", "{}", ";", "-o", "-true", ")"),
    *("-exec", "rm", "-rf", "{}", "+"),
)


async def let_go(
    workspace: Path, runs: Collection[str], *, hidden: Sequence[Path], unconfined: bool
) -> dict[str, str]:
    """Delete what is kept of some runs in a workspace; return of which something stays, and why.

    Asking again, for what is gone, does nothing. Raises Held where somebody has the workspace or it
    is not there, and PmError or OSError for what keeps all of them; it may work the next time.
    """
    lock = holding.hold(workspace)
    try:
        status.operation(workspace)  # a `.git` that is gone is told in words
        name = leftovers.errand("prune")
        cell = await cells.make(
            *(workspace, name),
            agent=None,
            hidden=hidden,
            unconfined=unconfined,
            writable=False,
            history=True,
        )
        return await _clear(Git(cell, name), runs)
    finally:
        guard.lift(workspace)
        os.close(lock)


async def of(git: Git, runs: Collection[str]) -> dict[str, str]:
    """Return the references that keep something of some runs, as `<run>` and `<run>-2`; and whose."""
    patterns = (pattern for run in runs for pattern in (f"{REFS}/{run}", f"{REFS}/{run}-*"))
    printed = await git("for-each-ref", "--format=%(refname)", *patterns)
    return {ref: run for ref in printed.splitlines() if (run := _whose(ref, runs))}


def _whose(ref: str, runs: Collection[str]) -> str:
    if (name := ref.removeprefix(f"{REFS}/")) in runs:
        return name
    found = _NUMBERED.fullmatch(ref)
    return found["run"] if found is not None and found["run"] in runs else ""


async def _clear(git: Git, runs: Collection[str]) -> dict[str, str]:
    stays = dict[str, str]()
    refs = dict[str, str]()
    for run in runs:
        try:
            refs |= await of(git, [run])
        except GitFailed as exc:  # so many that they are nobody's accident, say
            stays[run] = str(exc)
    if (left := marker.read(git.cell.workspace)) is not None and left.run in runs:
        # The next run there puts it away, under a reference that would stay for ever.
        stays[left.run] = f"what it left lies in {git.cell.workspace} until another run begins"
        runs = [run for run in runs if run != left.run]
    stays |= await _delete_all(git, {ref: run for ref, run in refs.items() if run in runs})
    for module in sorted(await asyncio.to_thread(submodules.guarded, git.cell.workspace)):
        inner = git.within(module, module)
        # One that is broken keeps nothing of what is kept elsewhere.
        with contextlib.suppress(GitFailed):
            stays |= await _delete_all(inner, await of(inner, runs))
    return stays


async def _delete_all(git: Git, refs: Mapping[str, str]) -> dict[str, str]:
    """Delete references, given whose each is; return of which runs something stays, and why."""
    stays = dict[str, str]()
    # In one go, since a process for each of a thousand takes a minute.
    if not refs or not await _trouble(_delete(git, *refs)):
        return stays
    await _make_way(git)
    if not await _trouble(_delete(git, *refs)):
        return stays
    for ref in refs:
        if why := await _trouble(_delete(git, ref)):
            stays[refs[ref]] = why
    return stays


async def _trouble(deed: Awaitable[object]) -> str:
    """Do something, and return why it did not work; empty where it did."""
    try:
        await deed
    except GitFailed as exc:
        return str(exc)
    return ""


async def _delete(git: Git, *refs: str) -> None:
    """Delete references, all or none."""
    # --no-deref: a reference can stand for another one, such as a branch, which is not ours.
    script = '"$@" update-ref --no-deref --stdin <&"$GIVEN"'
    await git.pipeline(script, "".join(f"delete {ref}\n" for ref in refs).encode())


async def _make_way(git: Git) -> None:
    """Remove what is in the way of git, as far as it goes: the next try tells.

    That are locks that a git of ours left which was killed, the old ones of any other, and
    directories where git makes none.
    """
    top = f"{git.directory}/{REFS.rpartition('/')[0]}"
    shut = ("-type", "d", "!", "-perm", "-u=rwx", "-exec", "chmod", "u+rwx", "{}", ";")
    await _trouble(git.command("find", top, *shut))
    await _trouble(git.command("find", top, "-name", "*.lock", "-prune", *_DELETE))
    packed = _any("-name", ("packed-refs.lock", "packed-refs.new"))
    old = ("(", "-type", "d", "-o", "-mmin", f"+{_STALE}", ")")
    within = ("-mindepth", "1", "-maxdepth", "1")
    await _trouble(git.command("find", git.directory, *within, *packed, *old, *_DELETE))


def _any(test: str, values: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """Return the words by which `find` finds what any of some values fits."""
    words = [word for value in values for word in ("-o", test, value)]
    return ("(", *words[1:], ")")
