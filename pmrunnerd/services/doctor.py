"""Looks at what a daemon needs, whether or not one runs: the measurements of `doctor`."""

import contextlib
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.settings import Settings
from pmrunnerd.services import acpprogram, diagnosis, fitness, ports, process, room, sandbox
from pmrunnerd.services.outcome import Exited
from pmrunnerd.store import lock
from pmrunnerd.store.durable import Disk

_LOCKS = Path("/proc/locks")
# What of a state a daemon reads and writes.
_PARTS = ("lock", "journal", "snapshot.json", "history", "runs", "set-aside")


async def examine(  # noqa: PLR0913 - all that is looked at
    state: Path,
    *,
    socket: Path,
    port: int,
    settings: Settings,
    told: int | None = None,
    uses: bool = False,
    tries: bool = False,
    acp: bool = False,
) -> Checkup:
    """Look at everything. Nothing is changed, and a daemon that runs is not disturbed.

    `told` is the pid of a daemon that says that the state is its own: who looks may not be let in.
    `uses` says that a project has Claude Code as its agent, `tries` has that make a request;
    `acp` has the program of that agent looked for, wherever it may be set.
    """
    unconfined = settings.runs_unconfined
    holder = _holder(state)
    pid = holder.pid if holder else told
    who = f"pid {pid} of {holder.by}, since {holder.at}" if holder else f"pid {pid} says so"
    checks: tuple[Check, ...] = (
        diagnosis.python(sys.version_info[:3]),
        diagnosis.git(await _git()),
        diagnosis.bubblewrap(await sandbox.probe(), unconfined=unconfined),
        diagnosis.permissions(state, _ownership(state), pid),
        diagnosis.daemon(pid, who),
        diagnosis.socket(socket, _answers(socket), pid),
        diagnosis.port(port, ports.holder(port) if port else None, pid),
        diagnosis.disk(state, _room(state)),
        diagnosis.clock(datetime.now(UTC), _last(state)),
        diagnosis.limits(*resource.getrlimit(resource.RLIMIT_NOFILE)),
    )
    if uses or tries or fitness.is_wanted(state, settings):
        checks = (
            *checks,
            *await fitness.checks(state, settings, needed=uses or tries, tries=tries),
        )
    if acp or settings.agent_acp_command:
        found = acpprogram.check(settings.agent_acp_command, settings.agent_acp_shown)
        checks = (*checks, found)
    return Checkup(state_directory=str(state), checks=checks)


def within(state: Path, release: str, found: sandbox.Confinement, *, unconfined: bool) -> Checkup:
    """Look at what the daemon has that this process is: its limits, and not those of who asks.

    `found` is what it found of a sandbox when it started; no program is started for an answer.
    """
    checks = (
        diagnosis.release(release, sys.executable),
        diagnosis.python(sys.version_info[:3]),
        diagnosis.bubblewrap(found, unconfined=unconfined),
        diagnosis.permissions(state, _ownership(state)),
        diagnosis.disk(state, _room(state)),
        diagnosis.clock(datetime.now(UTC), _last(state)),
        diagnosis.limits(*resource.getrlimit(resource.RLIMIT_NOFILE)),
    )
    return Checkup(state_directory=str(state), checks=checks)


async def _git() -> str | None:
    done = await process.run(
        ["git", "--version"], cwd=Path("/"), env=sandbox.own(), total=10.0, limit=4096
    )
    if isinstance(done, Exited) and done.status == 0:
        return done.out.decode(errors="replace").strip()
    return None


def _ownership(state: Path) -> diagnosis.Ownership | None:
    try:
        found = state.stat()
    except FileNotFoundError:
        return None
    shut = closed(state)
    return diagnosis.Ownership(
        owner=found.st_uid,
        mode=found.st_mode & 0o7777,
        me=os.geteuid(),
        closed="" if shut is None else str(shut),
    )


def closed(state: Path) -> Path | None:
    """Return the first part of a state that this process may not read and write, if there is one."""
    if not state.is_dir():
        return None
    wanted = [state]
    for name in _PARTS:
        with contextlib.suppress(PermissionError):
            wanted += [state / name, *sorted((state / name).glob("*.jsonl"))]
    for path in wanted:
        with contextlib.suppress(PermissionError):
            if not path.exists():
                continue
        mode = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
        if not os.access(path, mode, effective_ids=True):
            return path
    return None


def _answers(socket: Path) -> ports.Holder | None:
    # Who may not look into its directory cannot tell: not even that somebody answers.
    can_tell = socket.parent.is_dir() and os.access(socket.parent, os.X_OK, effective_ids=True)
    return ports.keeper(socket) if can_tell else None


def _room(state: Path) -> diagnosis.Room:
    """Measure the disk that the state is on, or will be."""
    there = next(path for path in (state, *state.parents) if path.exists())
    disk, inodes = room.left(there)
    return diagnosis.Room(bytes=disk, inodes=inodes)


def _signed(state: Path) -> lock.Holder | None:
    """Return who opened the state last; None where nobody did, or we may not know."""
    try:
        return lock.read(Disk(), state / "lock")[1]
    except OSError:
        return None


def _holder(state: Path) -> lock.Holder | None:
    """Return who has the state now.

    The kernel's list is read instead of trying the lock: a daemon that starts at this moment must
    not find it taken by us.
    """
    signed = _signed(state)
    if signed is None:
        return None
    inode = f":{(state / 'lock').stat().st_ino}"
    rows = (line.split() for line in _LOCKS.read_text().splitlines())
    held = any("FLOCK" in row and any(word.endswith(inode) for word in row) for row in rows)
    return signed if held else None


def _last(state: Path) -> datetime | None:
    """Return the latest time that the state knows of: its last opening, its last write."""
    signed = _signed(state)
    known = []
    with contextlib.suppress(ValueError):  # a lock of an older release has no checksum
        known += [datetime.fromisoformat(signed.at)] if signed else []
    with contextlib.suppress(PermissionError):  # whoever looks from outside may see less
        segments = [file.stat().st_mtime for file in (state / "journal").glob("*.jsonl")]
        known += [datetime.fromtimestamp(at, UTC) for at in segments]
    return max(known, default=None)
