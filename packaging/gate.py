"""What tries one gate: the package's code, in the gate's own unit or detached, and no release's.

It has what root wrote down when the gate began (`ledger.py`), and not what the daemon may have changed since.
It copies the trees, and what it copies must have the digests that were written down; it builds walls, runs the
command in them, keeps what that says, and leaves with the command's status. Beyond the walls the
command can write nothing, and nothing of it outlives them.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import trees

# Statuses of ours, and none of systemd's; a command that ends with one of them has failed, as with any but 0.
CANNOT_START: Final = 250
TIMED_OUT: Final = 251
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSIDE: Final = "/run/gate"
# Of what a command says: so much from its beginning, and so much from its end, where the reason is.
HEAD: Final = 8 << 20
TAIL: Final = 1 << 20
JUNIT: Final = 32 << 20
_PIECE: Final = 1 << 16
_PDEATHSIG: Final = 1
_TAKEN: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Places(NamedTuple):
    """Where an environment has its gates, what was written down of them, and what was prepared."""

    gates: Path
    records: Path
    prepared: Path
    work: Path


class CannotError(Exception):
    """The command was not run, and this is why."""


def run(places: Places, name: str, *, network: bool, more: tuple[str, ...] = ()) -> int:
    """Try a gate and return the status to leave with; `more` are words for its walls."""
    directory = trees.enter(str(places.gates), name)
    told = dict[str, Any]()
    try:
        spec = began(places, name)
        _must_be(spec["network"], network)
        command = walls(places, name, spec, network=network, more=more)
        status = work(command, spec, directory, told)
        bring(spec, places, directory)
    except (CannotError, OSError, ValueError, KeyError) as why:
        told |= {"kind": "cannot-start", "why": str(why)}
        sys.stderr.write(f"launch: cannot try gate {name}: {why}\n")
        status = CANNOT_START
    tell(directory, told)
    return status


def _must_be(wanted: bool, network: bool) -> None:  # noqa: FBT001 - the two are compared
    if wanted != network:
        raise CannotError(f"it declares {'no' if network else 'a'} network")


def began(places: Places, name: str) -> dict[str, Any]:
    """Return what was written down when the gate began: it is nobody's to change since."""
    at = trees.enter(str(places.records))
    try:
        found: dict[str, Any] = json.loads(trees.read(f"{name}.began", at, 1 << 20))["spec"]
    finally:
        os.close(at)
    return found


def fill(places: Places, spec: dict[str, Any]) -> None:
    """Copy the trees to where the gate works; they must be what was written down."""
    work = trees.enter(str(places.work))
    try:
        for name, digest in (("source", spec["source"]), ("built", spec["build"])):
            os.mkdir(name, 0o755, dir_fd=work)
            if not digest:
                continue
            source = trees.enter(str(places.gates), "trees", digest)
            copy = trees.enter(name, at=work)
            try:
                if trees.contents(source, copy).digest != digest:
                    raise CannotError(f"its {name} tree is not the one that it was to judge")
            finally:
                os.close(source)
                os.close(copy)
        os.mkdir("home", 0o700, dir_fd=work)
    finally:
        os.close(work)


def walls(
    places: Places, name: str, spec: dict[str, Any], *, network: bool, more: tuple[str, ...] = ()
) -> list[str]:
    """Return the command that builds them: programs and configuration of the machine, and its own copies."""
    fill(places, spec)
    variables = {
        "PATH": PATH,
        "HOME": f"{INSIDE}/home",
        "LANG": "C.UTF-8",
        "CI": "true",
        "PMRUNNER_GATE": spec["gate"],
        "PMRUNNER_BUILT": f"{INSIDE}/built" if spec["build"] else "",
        "PMRUNNER_PREPARED": f"{INSIDE}/prepared" if spec["prepared"] or spec["prepares"] else "",
    }
    room = ("--size", str(spec.get("room", 1 << 30)))
    # What is prepared lies where gates find it, so that what knows its own place is right there, too.
    making = ("--bind", str(places.prepared / f".{name}")) if spec["prepares"] else ()
    having = ("--ro-bind", str(places.prepared / spec["prepared"])) if spec["prepared"] else ()
    prepared = making or having
    return [
        *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *(() if network else ("--unshare-net",)),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
        *(word for pair in variables.items() for word in ("--setenv", *pair)),
        *_machine(),
        *("--proc", "/proc", "--dev", "/dev", "--dir", "/var", *room, "--tmpfs", "/tmp"),  # noqa: S108 - its own
        *("--symlink", "/tmp", "/var/tmp", "--tmpfs", "/run"),  # noqa: S108
        *more,
        *("--bind", str(places.work / "source"), f"{INSIDE}/source"),
        *("--ro-bind", str(places.work / "built"), f"{INSIDE}/built"),
        *("--bind", str(places.work / "home"), f"{INSIDE}/home"),
        *((*prepared, f"{INSIDE}/prepared") if prepared else ()),
        *(_names() if network else ()),
        *("--remount-ro", "/run", "--remount-ro", "/", "--chdir", f"{INSIDE}/source"),
    ]


def _machine() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc")
    for name in _TAKEN:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), f"/{name}")
        elif path.is_dir():
            yield from ("--ro-bind", f"/{name}", f"/{name}")


def _names() -> tuple[str, ...]:
    """Show how this machine finds names, where `/etc` only has a link to it."""
    real = Path("/etc/resolv.conf").resolve()
    return ("--ro-bind", str(real), str(real)) if real.is_file() else ()


def work(walls: list[str], spec: dict[str, Any], directory: int, told: dict[str, Any]) -> int:
    """Run the command behind its walls, to its end or its time; return its status."""
    log = os.open("log", os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    known, tell = os.pipe()
    argv = [*walls, "--json-status-fd", str(tell), "--"]
    argv += ["bash", "-euo", "pipefail", "-c", spec["command"]]
    began = time.monotonic()
    try:
        child = subprocess.Popen(
            argv,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(tell,),
        )
    except OSError as exc:
        raise CannotError(f"bubblewrap: {exc.strerror}") from exc
    os.close(tell)
    assert child.stdout is not None
    try:
        until = began + spec["timeout"]
        late = not pump(child.stdout.fileno(), log, until)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, until - time.monotonic()))
    finally:
        child.kill()
        status = child.wait()
        child.stdout.close()
        os.close(log)
    with os.fdopen(known) as answer:
        ran = [json.loads(line) for line in answer if line.strip()]
    told["seconds"] = time.monotonic() - began
    if late:
        told |= {"kind": "timed-out", "why": f"it took longer than {spec['timeout']:g} s"}
        return TIMED_OUT
    if status >= 0 and not any("exit-code" in line for line in ran):
        raise CannotError("bubblewrap could not build its walls; the log says why")
    told["kind"] = "ended"
    return 128 - status if status < 0 else status


def die_with_parent() -> None:
    """Have the kernel kill us when our parent ends."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


def pump(pipe: int, log: int, until: float) -> bool:
    """Keep what comes out of a pipe until its end; tell whether that came in time.

    Raises OSError where the disk takes no more: a gate whose words are lost has shown nothing.
    """
    kept, left, tail = 0, 0, bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while (rest := until - time.monotonic()) > 0:
            if not ready.select(rest):
                continue
            piece = os.read(pipe, _PIECE)
            if not piece:
                break
            head = piece[: max(0, HEAD - kept)]
            trees.write(log, head)
            kept += len(head)
            tail += piece[len(head) :]
            left += max(0, len(tail) - TAIL)
            del tail[: max(0, len(tail) - TAIL)]
        in_time = rest > 0
    if left:
        trees.write(log, f"\n… {left} bytes are left out here …\n".encode())
    trees.write(log, bytes(tail))
    return in_time


def bring(spec: dict[str, Any], places: Places, directory: int) -> None:
    """Take the file with the counts of tests out of the gate's copy, through no link; without one, none."""
    if spec["tests"] == "none":
        return
    *above, name = spec["tests"].split("/")
    try:
        at = trees.enter("source", *above, at=(work := trees.enter(str(places.work))))
        try:
            found = trees.read(name, at, JUNIT)
        finally:
            os.close(at)
            os.close(work)
    except (OSError, ValueError) as why:
        sys.stderr.write(f"launch: cannot read {spec['tests']}: {why}\n")
        return
    _replace("junit.xml", directory, found)


def tell(directory: int, told: dict[str, Any]) -> None:
    """Leave a word for people, beside the status by which everything is decided."""
    with contextlib.suppress(OSError):  # a full disk: the status says it
        _replace("told.json", directory, json.dumps(told).encode())


def _replace(name: str, directory: int, data: bytes) -> None:
    file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError(f"{name} is no file")
        os.ftruncate(file, 0)
        trees.write(file, data)
    finally:
        os.close(file)
