"""Says what an administrator must allow before runs, which are units of systemd, can work in a place.

A template unit takes no writable path from a daemon: where it may write is a drop-in of root's, and of
which environment that is for a line in a file of root's, which the launcher reads. What modes forbid is
allowed by access lists, so that the owner can go on with what a run has made.
"""

import os
import pwd
import re
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.errand import Inspected
from pmrunnerd.model.errors import PmError
from pmrunnerd.services import cells, leftovers
from pmrunnerd.services.errands import ownplace
from pmrunnerd.services.git import Git
from pmrunnerd.services.outcome import Exited

# What ProtectHome= takes out of a unit's sight.
_HOMES: Final = tuple(map(Path, ("/home", "/root", "/run/user")))
# A path that means the same to systemd, in a drop-in, as here.
_PLAIN: Final = re.compile(r"[\w/.,:@+=-]+", re.ASCII)
_NOT_SHARED: Final = frozenset({"", "umask", "false", "0", "no", "off"})
_WORKSPACES: Final = "/srv/pm-runner"
_CONFIGURATION: Final = "/etc/pm-runner"


def hidden(path: Path, unit: str, environment: str) -> Inspected | None:
    """Return what to do about a place that the unit does not let anybody see; None where one can."""
    home = next((one for one in _HOMES if path.is_relative_to(one)), None)
    if home is None or _is_there(path):
        return None
    problem = f"a run sees nothing in {home}, and so not whether it is there"
    lines = ("ProtectHome=tmpfs", f"BindPaths=-{path}")
    return Inspected(
        path=str(path),
        problem=problem,
        hint=_commands(path, unit, environment, lines, shared=True),
    )


def explained(found: Inspected, unit: str, environment: str) -> Inspected:
    """Return what was found, with what has to be allowed where that is what keeps a run out."""
    path = Path(found.path)
    own = ownplace.told(found, Path(_place(environment)), me=_me(), uid=os.geteuid())
    if found.missing or own != found:
        return own
    shut = _shut(path)
    if shut:
        lists = f"{_me()} may not enter {shut[-1]}"
        hint = _commands(path, unit, environment, (), above=shut, shared=True)
        return replace(found, problem=f"a run works as {lists}", hint=hint)
    if not (path / ".git").is_dir():
        return found
    closed = tuple(one for one in (path, path / ".git") if not _may_write(one))
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        problem = f"it lies outside of where runs of {environment} may write"
        lines = (f"ReadWritePaths=-{path}",)
        hint = _commands(path, unit, environment, lines, shared=bool(closed))
        return replace(found, problem=problem, hint=hint)
    if closed:
        problem = f"a run works as {_me()}, which may not write {closed[0]}"
        hint = _commands(path, unit, environment, (), shared=True)
        return replace(found, problem=problem, hint=hint)
    return found


async def alone(found: Inspected, *, hidden: Sequence[Path], unconfined: bool) -> Inspected:
    """Return what was found, with what is wrong where git shares a repository by modes of its own.

    It gives setgid to each directory that it makes, which the unit forbids to all.
    """
    path, run = Path(found.path), leftovers.errand("probe")
    try:
        cell = await cells.make(
            path, run, agent=None, hidden=hidden, unconfined=unconfined, writable=False
        )
        said = await Git(cell, run).outcome("config", "--get", "core.sharedRepository")
    except (PmError, OSError):
        return found  # the first run says what is wrong
    value = said.out.decode(errors="replace").strip() if isinstance(said, Exited) else ""
    if value.lower() in _NOT_SHARED:
        return found
    return replace(
        found,
        problem="its git makes directories setgid (core.sharedRepository), which no run may",
        hint=f"git -C {shlex.quote(str(path))} config --unset core.sharedRepository"
        "   # setfacl with d: entries does as much",
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _me() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _shut(path: Path) -> tuple[Path, ...]:
    """Return the directories above a place that our user may not enter, as far as it can tell."""
    for above in reversed(path.parents):
        if not os.access(above, os.X_OK, effective_ids=True):
            return tuple(one for one in path.parents if one.is_relative_to(above))[::-1]
    return ()


def _may_write(path: Path) -> bool:
    """Tell whether modes let our user write a directory, wherever it is mounted and however."""
    found = path.stat()
    if found.st_uid == os.geteuid():
        return bool(found.st_mode & stat.S_IWUSR)
    if found.st_gid in {os.getegid(), *os.getgroups()} and found.st_mode & stat.S_IWGRP:
        return True
    # An access list may say so; whether it does is seen once it can be written at all.
    return bool(found.st_mode & stat.S_IWOTH) or "system.posix_acl_access" in os.listxattr(path)


def _place(environment: str) -> str:
    """Return where all workspaces of an environment may lie without anybody's allowing it."""
    return f"{_WORKSPACES}/{'projects' if environment == 'prod' else environment}"


def _commands(  # noqa: PLR0913 - all that a hint says
    path: Path,
    unit: str,
    environment: str,
    lines: tuple[str, ...],
    *,
    above: tuple[Path, ...] = (),
    shared: bool,
) -> str:
    """Return what can be pasted: a drop-in with some lines, whose it is, and access to all of it for two users."""
    if not _PLAIN.fullmatch(str(path)):
        return f"git clone {shlex.quote(str(path))} {_place(environment)}/NAME   and add that"
    said = []
    if lines:
        directory = f"/etc/systemd/system/{unit}.d"
        name, roots = (
            str(path).strip("/").replace("/", "-"),
            f"{_CONFIGURATION}/{environment}.roots",
        )
        text = "\\n".join(("[Service]", *lines, ""))
        said += [
            f"sudo mkdir -p {directory}",
            f"printf '{text}' | sudo tee {directory}/{name}.conf",
            f"echo {path} | sudo tee -a {roots}",
            f"sudo chmod 644 {roots}",  # the launcher is not root, and who pastes this may have any umask
            "sudo systemctl daemon-reload",
        ]
    if shared:
        me = _me()
        said += [f"sudo setfacl -m u:{me}:x {one}" for one in above]
        both = f"u:{me}:rwX,d:u:{me}:rwX,d:u:$(stat -c %U {path}):rwX"
        said.append(f"sudo setfacl -R -m {both} {path}")
    return " && ".join(said)
