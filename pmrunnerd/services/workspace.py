"""What the daemon may know of a workspace: that it can be one, and whether it is clean.

The daemon opens nothing in there. It looks at what is there from outside, and what only git can
tell it asks a git in a sandbox.
"""

import asyncio
import contextlib
import os
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.model.naming import ALIAS
from pmrunnerd.services import cells, holding, leftovers, marker, sandbox
from pmrunnerd.services.cell import NoWorkspace
from pmrunnerd.services.git import Git
from pmrunnerd.services.judgement import judge
from pmrunnerd.services.outcome import Exited

# What lies at the top of a repository that has no working tree.
_BARE = ("HEAD", "objects", "refs")
_SOMEBODY = "-c user.name=me -c user.email=me@localhost"


class Inspection(Struct, frozen=True, kw_only=True):
    """What was found: the resolved path, and what speaks against it, if anything does.

    `missing` where there is nothing at all, because somebody mistyped it.
    """

    path: Path
    problem: str = ""
    hint: str = ""
    missing: bool = False


async def inspect(path: Path, hidden: Sequence[Path] = ()) -> Inspection:
    """Tell whether a directory can be a workspace, by looking at it and opening nothing in it."""
    try:
        real = path.resolve(strict=True)  # noqa: ASYNC240 - a look at names, not at content
    except FileNotFoundError:
        near = next(parent for parent in path.parents if parent.exists())
        hint = _command("ls", near)
        return Inspection(path=path, problem="it does not exist", hint=hint, missing=True)
    except (OSError, RuntimeError) as exc:  # no right to look, or a circle of links
        return Inspection(path=path, problem=str(exc))
    try:
        sandbox.check(real, hidden)
        problem, hint = _outside(real)
    except Refused as exc:
        problem, hint = str(exc).partition(": ")[2], exc.hint or _another(real, hidden)
    except OSError as exc:
        problem, hint = exc.strerror or str(exc), ""
    return Inspection(path=real, problem=problem, hint=hint)


def _another(real: Path, hidden: Sequence[Path]) -> str:
    """Return what makes a workspace of a checkout that cannot be one because we live in it; nothing of any other."""
    if not any(one.is_relative_to(real) for one in hidden) or not (real / ".git").exists():
        return ""
    name = real.name if ALIAS.fullmatch(real.name) else "demo"
    clone = _command("git clone", real)
    return clone and f"{clone} ~/{name}-work && pmrunnerctl project add {name} ~/{name}-work"


async def examine(
    path: Path, hidden: Sequence[Path] = (), *, unconfined: bool, patience: float = 10.0
) -> Inspection:
    """Tell whether a directory can be a project: by a look, and by a git in a sandbox for the rest.

    Where none can start, or git takes longer than `patience` seconds, it is not known whether there
    is a commit; the first run will tell.
    """
    found = await inspect(path, hidden)
    if found.problem:
        return found
    try:
        async with asyncio.timeout(patience):
            unborn = await _is_unborn(found.path, hidden, unconfined=unconfined)
    except (PmError, OSError):
        unborn = False
    if not unborn:
        return found
    return Inspection(
        path=found.path,
        problem="it has no commit yet, and a run needs one to go back to",
        hint=_first_commit(found.path),
    )


async def _is_unborn(path: Path, hidden: Sequence[Path], *, unconfined: bool) -> bool:
    run = leftovers.errand("probe")
    cell = await cells.make(
        path, run, agent=None, hidden=hidden, unconfined=unconfined, writable=False
    )
    outcome = await Git(cell, run).outcome("rev-parse", "--verify", "--quiet", "HEAD")
    # A repository that git cannot read is another status, and what is wrong with it is a run's to say.
    return isinstance(outcome, Exited) and outcome.status == 1


def _outside(path: Path) -> tuple[str, str]:
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "it is no directory", ""
    try:
        mode = (path / ".git").lstat().st_mode
    except FileNotFoundError:
        return _no_repository(path)
    if stat.S_ISREG(mode):
        return "its .git is a file, so its history lies elsewhere (a worktree or a submodule)", (
            "add the repository that it belongs to, or a clone"
        )
    if not stat.S_ISDIR(mode):
        return "its .git is no directory", ""
    if os.geteuid() == 0 and found.st_uid != 0:
        # In its user namespace root is root over root's files only.
        return f"it belongs to uid {found.st_uid}, and a run of root's cannot write it", (
            f"run pmrunnerd as uid {found.st_uid}, or chown -R root {path}"
        )
    return closed(path)


def closed(path: Path) -> tuple[str, str]:
    """Say that our user, who is that of the runs, may not write a workspace, and what to look at.

    Only what its modes and access lists say; both empty where it may.
    """
    for place in (path, path / ".git"):
        may = os.access(place, os.R_OK | os.W_OK | os.X_OK, effective_ids=True)
        # What is no directory is told in other words.
        if not may and os.path.isdir(place):  # noqa: PTH112 - false, too, where we may not look
            problem = f"a run works as uid {os.geteuid()}, which may not write {place}"
            return problem, _command("ls -ld", place)
    return "", ""


def _no_repository(path: Path) -> tuple[str, str]:
    if all((path / name).exists() for name in _BARE):
        clone = _command("git clone", path)
        return "it is a bare git repository, without files to work on", (
            f"{clone} DIR   and add that" if clone else ""
        )
    for above in path.parents:
        if (above / ".git").exists():
            add = _command("pmrunnerctl project add ALIAS", above)
            return f"it is only a part of the git repository {above}", add
    return "it is no git repository", begin(path)


def begin(path: Path) -> str:
    """Return the commands that make a repository with a commit; nothing where they could not be pasted."""
    init, commit = _command("git init", path), _first_commit(path)
    return f"{init} && {commit}" if init else ""


def _first_commit(path: Path) -> str:
    """Return the command that makes one, also for whom git does not know yet."""
    git = _command("git -C", path)
    return f"{git} {_SOMEBODY} commit --allow-empty -m start" if git else ""


def _command(words: str, path: Path) -> str:
    """Return a command that can be pasted; none for a name that takes more than a line."""
    return f"{words} {shlex.quote(str(path))}" if str(path).isprintable() else ""


def _stranger(path: Path, runs: Path | None) -> str:
    """Return the run of a workspace's note if nothing is known of it; a run host asks the same."""
    with contextlib.suppress(OSError):  # whoever looks further says what is wrong
        left = marker.read(path)
        if runs is not None and left is not None and not (runs / left.run / "spec.json").exists():
            return left.run
    return ""


async def probe(path: Path, *, unconfined: bool, runs: Path | None = None) -> Inspection:
    """Tell whether a run could begin in a workspace as it is, by a short git in a sandbox.

    `runs` is where the directories of the runs are that count as known; without it all do.
    Raises nothing: what keeps it from looking is a problem of the workspace.
    """
    run = leftovers.errand("probe")
    try:
        if not path.is_dir():  # noqa: ASYNC240 - a look at names, not at content
            raise NoWorkspace(path)  # noqa: TRY301 - a problem like those of others
        if taken := holding.look(path):
            return Inspection(path=path, problem=taken)
        why, look = closed(path)
        if why:
            return Inspection(path=path, problem=why, hint=look)
        cell = await cells.make(
            path, run, agent=None, hidden=(), unconfined=unconfined, writable=False
        )
        judged = await judge(Git(cell, run), _stranger(path, runs))
    except Exception as exc:  # noqa: BLE001 - whatever is in there, the daemon goes on
        hint = exc.hint if isinstance(exc, PmError) else None
        kind = "" if isinstance(exc, PmError) else f"{type(exc).__name__}: "
        # The same problem in the same words, whichever probe had it.
        problem = f"{kind}{exc}".replace(run, "probe")
        return Inspection(path=path, problem=problem, hint=hint or "")
    return Inspection(path=path, problem=judged.problem)
