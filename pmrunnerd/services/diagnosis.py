"""What to think of what was measured: the verdicts of `doctor`, which look at nothing themselves."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.errand import Confinement
from pmrunnerd.model.quantities import size
from pmrunnerd.services.ports import Holder
from pmrunnerd.services.room import LEAST, LEAST_INODES

PYTHON: Final = (3, 11)
MIB: Final = 1 << 20
# Bytes and inodes with which a day's work may end in the middle, and those with which none begins.
LITTLE_ROOM, NO_ROOM = 1 << 30, LEAST
FEW_INODES, NO_INODES = 10_000, LEAST_INODES
# Descriptors that the doors, the store and a few runs need.
FEW_FILES: Final = 1024
# A clock may be set back a little by whoever keeps it right, in seconds.
SET_BACK: Final = 2.0
FIRST_YEAR, LAST_YEAR = 2025, 2100
_FOR_OTHERS: Final = 0o077


class Ownership(Struct, frozen=True, kw_only=True):
    """Whose the state directory is, and who looks; `closed` is what of it that one may not use.

    `name` is the owner's, where it has one.
    """

    owner: int
    mode: int
    me: int
    closed: str = ""
    name: str = ""


class Room(Struct, frozen=True, kw_only=True):
    """What is left on the disk of the state; `inodes` is None where the file system has no limit."""

    bytes: int
    inodes: int | None


def python(version: tuple[int, int, int]) -> Check:
    found = ".".join(map(str, version))
    if version[:2] < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        return _problem("python", f"{found} is older than {wanted}", "sudo apt-get install python3")
    return _ok("python", found)


def release(named: str, interpreter: str) -> Check:
    """Tell which code runs, and by what; that is no fault either way."""
    return _ok("release", f"{named}, by {interpreter}")


def git(said: str | None) -> Check:
    """Judge what `git --version` said; None where it is not there or did not answer."""
    if said is None:
        return _problem("git", "is not installed, or does not start", "sudo apt-get install git")
    return _ok("git", said.removeprefix("git version "))


def bubblewrap(found: Confinement, *, unconfined: bool) -> Check:
    if found.ok:
        return _ok("bubblewrap", "a sandbox was started")
    if not found.known:
        return _warning("bubblewrap", f"not known yet: {found.reason}", found.hint)
    if unconfined:
        return _warning("bubblewrap", f"{found.reason}; agents run UNCONFINED", found.hint)
    return _problem("bubblewrap", f"{found.reason}; runs are refused", found.hint)


def doors(found: tuple[str, ...]) -> Check:
    """Judge that runs can come to web doors, as was tried from there."""
    return _problem(
        "agents' reach",
        f"agents can come to {', '.join(found)}, and only its token keeps them out",
        "sudo apt-get install nftables; sudo /usr/lib/pm-runner/guard-doors; pmrunnerctl restart",
    )


def port(number: int, holder: Holder | None, daemon: int | None) -> Check:
    """Judge who has the port of the web door; `daemon` is the pid of the daemon on this state."""
    if number == 0:
        return _ok("web port", "the web door is closed")
    if holder is None:
        return _ok("web port", f"{number} is free")
    if daemon is not None and holder.pid == daemon:
        return _ok("web port", f"{number} is ours, pid {daemon}")
    if daemon is not None and holder.pid is None:
        # Whether it is the daemon's only the daemon can tell: it tells of its doors.
        return _ok(
            "web port", f"{number} is in use by {holder}; pid {daemon} tells of its web door"
        )
    start = "pmrunnerctl start --port 0"
    hint = start if daemon is None else f"pmrunnerctl stop --keep-runs; {start}"
    return _problem("web port", f"{number} is in use by {holder}", hint)


def socket(path: Path, holder: Holder | None, daemon: int | None) -> Check:
    """Judge who answers at the control socket."""
    if holder is not None and daemon is not None and holder.pid in (daemon, None):
        return _ok("control socket", f"pid {daemon} answers at {path}")
    if holder is not None:
        return _problem("control socket", f"{holder} answers at {path}", f"ls -l {path}")
    if daemon is not None:
        return _problem(
            "control socket", f"pid {daemon} runs and does not answer at {path}", f"ps -fp {daemon}"
        )
    return _warning("control socket", f"nobody answers at {path}", "pmrunnerctl start")


def permissions(path: Path, found: Ownership | None, daemon: int | None = None) -> Check:
    """Judge whose the state is; a daemon that has it may be somebody else's, and look into it."""
    if found is None:
        return _warning(
            "state", f"{path} is not there yet", f"pmrunnerctl start --state-dir {path}"
        )
    owner = found.name or str(found.owner)
    if found.me not in (0, found.owner) and daemon is None:
        whoever = found.name or f"'#{found.owner}'"
        return _problem(
            "state",
            f"{path} belongs to user {owner}, and you are {found.me}",
            f"sudo -u {whoever} pmrunnerctl doctor --state-dir {path}",
        )
    if found.closed and found.me in (0, found.owner):
        return _problem(
            "state",
            f"{found.closed} is closed: you may not read and write it",
            f"ls -ld {found.closed}; chmod -R u+rwX {found.closed}",
        )
    if found.mode & _FOR_OTHERS:
        others = f"{path} has mode {found.mode:o}: others may look into it"
        return _warning("state", others, f"chmod 700 {path}")
    whose = "" if found.me in (0, found.owner) else f" of user {owner}"
    return _ok("state", f"{path}, mode {found.mode:o}{whose}")


def disk(path: Path, room: Room) -> Check:
    left = f"{size(room.bytes)} free"
    if room.inodes is not None:
        left += f", {room.inodes} inodes"
    inodes = FEW_INODES if room.inodes is None else room.inodes
    if room.bytes < NO_ROOM or inodes < NO_INODES:
        return _problem("disk", f"{left}: nothing new is accepted", f"df -h {path}; df -i {path}")
    if room.bytes < LITTLE_ROOM or inodes < FEW_INODES:
        return _warning("disk", left, f"df -h {path}; df -i {path}")
    return _ok("disk", left)


def clock(now: datetime, last: datetime | None) -> Check:
    """Judge the clock; `last` is the latest time that the state knows of."""
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if not FIRST_YEAR <= now.year <= LAST_YEAR:
        return _problem("clock", f"{shown} cannot be", "timedatectl status")
    if last is not None and now < last - timedelta(seconds=SET_BACK):
        behind = f"{shown} is before {last:%Y-%m-%d %H:%M:%S}, when the state was last written"
        return _problem("clock", behind, "timedatectl status")
    return _ok("clock", shown)


def daemon(pid: int | None, said: str) -> Check:
    """Tell who has the state; that nobody does is no fault."""
    return _ok("daemon", said if pid is not None else "none has the state")


def limits(soft: int, hard: int) -> Check:
    """Judge how many files may be open; -1 is no limit. A daemon raises the soft limit itself."""
    if hard != -1 and hard < FEW_FILES:
        return _warning("open files", f"at most {hard}: few clients find room", "ulimit -Hn")
    most = "without limit" if hard == -1 else f"at most {hard}"
    return _ok("open files", f"{most}, now {soft}")


def _ok(name: str, found: str) -> Check:
    return Check(name=name, state="ok", found=found)


def _warning(name: str, found: str, hint: str) -> Check:
    return Check(name=name, state="warning", found=found, hint=hint)


def _problem(name: str, found: str, hint: str) -> Check:
    return Check(name=name, state="problem", found=found, hint=hint)
