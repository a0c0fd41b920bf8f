"""A gate in a host of its own: a systemd booted by systemd-nspawn, of which the command is root.

It is root of a user namespace that owns nothing of this machine, on a tree in memory that ends with the unit.
Until nspawn has entered that, we are root ourselves: nothing of the gate runs before, what it left is read
through no link, and what we write for its daemon is opened as nobody of the gates' group, as other gates do it.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import gate
import gatelayer
import gatetree
import trees
from gate import INSIDE, Places
from trying import PATH, TIMED_OUT, CannotError, pump

NOBODY: Final = 65534
NSPAWN: Final = Path("/run/systemd/nspawn")
# systemd-nspawn's, where its host asks to be booted again: a unit that wants that would do it.
_REBOOTED: Final = 133
# By one of these it is said that a command passed; commands end with none of them, nor by a signal.
_PASSED: Final = range(128 + 65, gate.CANNOT_START)
_NSPAWN: Final = "systemd-nspawn"
_HINT: Final = "sudo apt-get install systemd-container"
# Of users, how many a host takes, and from which on nspawn looks for those that nobody has.
_USERS: Final = 65536
_PICKED: Final = 524288


def run(places: Places, name: str, group: int) -> int:
    """Try a gate in a host and return the status to leave with."""
    tree = places.work / "tree"
    inside = places._replace(work=tree / "gate")
    passed = secrets.choice(_PASSED)

    def boot(spec: dict[str, Any], directory: int, told: dict[str, Any]) -> int:
        with as_nobody(group):
            log = os.open("log", os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            _must_be_there()
            gatetree.lay(inside, tree, spec, passed)
            gatelayer.show(tree)
            return work(inside, container(inside, name, tree, spec), spec, log, passed, told)
        finally:
            os.close(log)

    return gate.one_try(
        inside, name, boot, network=False, host=True, writing=lambda: as_nobody(group)
    )


def _must_be_there() -> None:
    if shutil.which(_NSPAWN, path=PATH) is None:
        raise CannotError(f"{_NSPAWN} is not there, which boots a host of its own: {_HINT}")
    if not has_users(Path("/proc/self/uid_map").read_text()):
        raise CannotError(
            f"this machine is in a container, and has no {_USERS:,} users to give to a host of its own"
        )


def has_users(mapped: str) -> bool:
    """Tell whether there are users for a host: a container mostly has as many as it takes itself."""
    ranges = (map(int, line.split()) for line in mapped.splitlines())
    return any(first <= _PICKED <= first + count - _USERS for first, _, count in ranges)


@contextlib.contextmanager
def as_nobody(group: int) -> Iterator[None]:
    """Be nobody, of one group: what root opens in a directory of somebody else, it opens wherever that leads."""
    os.setgroups([group])
    os.setegid(group)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([])


def machine(name: str) -> str:
    """Return by which name nspawn knows the host of a gate: no other has it."""
    return f"gate-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def let_go(name: str, nspawn: Path = NSPAWN) -> None:
    """Delete what an nspawn that was killed has noted: which users and which tree it had.

    As nspawn does it itself, with the lock in hand; of whom lives nobody has that.
    """
    for path in (*Path(f"{nspawn}-uid").glob("*"), *(nspawn / "locks").glob("*")):
        with contextlib.suppress(OSError), path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    for place in ("propagate", "unix-export"):
        with contextlib.suppress(OSError):
            (nspawn / place / machine(name)).rmdir()


def work(  # noqa: PLR0913 - what is tried, where, and for whom it is told
    inside: Places,
    argv: list[str],
    spec: dict[str, Any],
    log: int,
    passed: int,
    told: dict[str, Any],
) -> int:
    """Boot a host whose only business is a gate's command; return the command's status."""
    began = time.monotonic()
    late, status = _boot(argv, inside.work / "said", log, began + spec["timeout"])
    told["seconds"] = time.monotonic() - began
    if late:
        told |= {"kind": "timed-out", "why": f"it took longer than {spec['timeout']:g} s"}
        return TIMED_OUT
    if not _has_begun(inside):
        raise CannotError(f"its host did not come up ({status}); the log says why")
    told["kind"] = "ended"
    if status in {0, _REBOOTED, gatetree.ENDED}:
        trees.write(log, b"\nlaunch: its host was ended before the command had\n")
        return gatetree.ENDED
    return 0 if status == passed else status


def _boot(argv: list[str], fifo: Path, log: int, until: float) -> tuple[bool, int]:
    """Keep what a host says until nobody is left in it who could; tell whether that took too long, and its status."""
    # Opened before anybody is there who could put something else in its place.
    said = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    tell = os.open(fifo, os.O_WRONLY | os.O_CLOEXEC)
    group = _group()
    try:
        child = subprocess.Popen(
            argv,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=tell,
            stderr=tell,
            preexec_fn=lambda: _enter(group),  # noqa: PLW1509 - there is no other thread
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise CannotError(f"{_NSPAWN}: {exc}") from exc
    finally:
        os.close(tell)
    try:
        late = not pump(said, log, until)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, until - time.monotonic()))
    finally:
        late = late or child.poll() is None
        child.kill()
        status = child.wait()
        os.close(said)
    return late, 128 - status if status < 0 else status


def _group() -> Path | None:
    """Leave the unit's own control group of version 2, and return it: one that has processes hands no controllers down."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                top = Path("/sys/fs/cgroup")
                beside = top / "unified"
                ours = (beside if beside.is_dir() else top) / line[4:]
                (ours / "launch").mkdir()
                (ours / "launch/cgroup.procs").write_text("0")
                return ours
    return None


def _enter(group: Path | None) -> None:
    if group is not None:
        (group / "cgroup.procs").write_text("0")


def _has_begun(inside: Places) -> bool:
    try:
        at = trees.enter(str(inside.work))
        try:
            return stat.S_ISREG(os.lstat("began", dir_fd=at).st_mode)
        finally:
            os.close(at)
    except OSError:
        return False


def container(inside: Places, name: str, tree: Path, spec: dict[str, Any]) -> list[str]:
    """Return the command that boots it: nothing of the machine is in there but its programs, which none can write for anybody else."""
    binds = [*gatelayer.words(tree, Path("/proc/self/mountinfo").read_text())]
    binds += [f"--bind={inside.work}:{INSIDE}", f"--bind-ro={tree.parent / 'built'}:{INSIDE}/built"]
    if spec["prepared"]:
        binds += [f"--bind-ro={inside.prepared / spec['prepared']}:{INSIDE}/prepared"]
    return [
        *(_NSPAWN, "--quiet", "--settings=no", "--keep-unit", "--register=no", "--console=pipe"),
        *("--private-network", "--private-users=pick", "--private-users-ownership=chown"),
        *(f"--machine={machine(name)}", f"--hostname={gatetree.NAME}"),
        *("--link-journal=no", "--resolv-conf=off", "--timezone=off"),
        *(*binds, f"--directory={tree}", "--boot"),
    ]
