"""Looks at what a daemon needs, whether or not one runs: the measurements of `doctor`."""

import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.settings import Settings
from pmrunnerd.rules import notices
from pmrunnerd.services import (
    acpprogram,
    credentials,
    diagnosis,
    fitness,
    ports,
    process,
    sandbox,
    standpoint,
)
from pmrunnerd.services.outcome import Exited
from pmrunnerd.store import lock

_LOCKS = Path("/proc/locks")


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
        diagnosis.permissions(state, standpoint.ownership(state), pid),
        diagnosis.daemon(pid, who),
        diagnosis.socket(socket, _answers(socket), pid),
        diagnosis.port(port, ports.holder(port) if port else None, pid),
        diagnosis.disk(state, standpoint.room(state)),
        diagnosis.clock(datetime.now(UTC), standpoint.last(state)),
        diagnosis.limits(*resource.getrlimit(resource.RLIMIT_NOFILE)),
    )
    logins = credentials.installed(state)
    if uses or tries or fitness.is_wanted(logins, settings):
        checks = (
            *checks,
            *await fitness.checks(
                logins, settings, needed=uses or tries, tries=tries, hidden=(state,)
            ),
        )
    if acp or settings.agent_acp_command:
        found = acpprogram.check(settings.agent_acp_command, settings.agent_acp_shown)
        checks = (*checks, found)
    if (where := notices.check(settings)) is not None:
        checks = (*checks, where)
    return Checkup(state_directory=str(state), checks=checks)


async def _git() -> str | None:
    done = await process.run(
        ["git", "--version"], cwd=Path("/"), env=sandbox.own(), total=10.0, limit=4096
    )
    if isinstance(done, Exited) and done.status == 0:
        return done.out.decode(errors="replace").strip()
    return None


def _answers(socket: Path) -> ports.Holder | None:
    # Who may not look into its directory cannot tell: not even that somebody answers.
    can_tell = socket.parent.is_dir() and os.access(socket.parent, os.X_OK, effective_ids=True)
    return ports.keeper(socket) if can_tell else None


def _holder(state: Path) -> lock.Holder | None:
    """Return who has the state now.

    The kernel's list is read instead of trying the lock: a daemon that starts at this moment must
    not find it taken by us.
    """
    signed = standpoint.signed(state)
    if signed is None:
        return None
    inode = f":{(state / 'lock').stat().st_ino}"
    rows = (line.split() for line in _LOCKS.read_text().splitlines())
    held = any("FLOCK" in row and any(word.endswith(inode) for word in row) for row in rows)
    return signed if held else None
