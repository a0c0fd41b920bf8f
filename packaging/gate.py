"""What tries one gate: the package's code, in the gate's own unit or detached, and no release's.

It has what root wrote down when the gate began (`ledger.py`), and not what the daemon may have changed since.
It copies the trees, and what it copies must have the digests that were written down; it builds walls, runs the
command in them, keeps what that says, and leaves with the command's status. Beyond the walls the
command can write nothing, and nothing of it outlives them.
"""

import contextlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

import trees
from trying import PATH, CannotError, work

# A status of ours, and none of systemd's; a command that ends with it has failed, as with any but 0.
CANNOT_START: Final = 250
INSIDE: Final = "/run/gate"
JUNIT: Final = 32 << 20
TAKEN: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Places(NamedTuple):
    """Where an environment has its gates, what was written down of them, and what was prepared."""

    gates: Path
    records: Path
    prepared: Path
    work: Path


Attempt = Callable[[dict[str, Any], int, dict[str, Any]], int]
Writing = Callable[[], AbstractContextManager[None]]


def run(places: Places, name: str, *, network: bool, more: tuple[str, ...] = ()) -> int:
    """Try a gate behind walls and return the status to leave with; `more` are words for these."""

    def behind_walls(spec: dict[str, Any], directory: int, told: dict[str, Any]) -> int:
        command = walls(places, name, spec, network=network, more=more)
        return work(name, command, spec, directory, told)

    return one_try(places, name, behind_walls, network=network)


def one_try(  # noqa: PLR0913 - each by its name
    places: Places,
    name: str,
    tried: Attempt,
    *,
    network: bool,
    host: bool = False,
    writing: Writing = nullcontext,
) -> int:
    """Have a gate tried, as its kind of unit does, and return the status to leave with.

    What its daemon owns is opened while `writing`.
    """
    with writing():
        directory = trees.enter(str(places.gates), name)
    told = dict[str, Any]()
    try:
        spec = began(places, name)
        _must_be(spec, network=network, host=host)
        status = tried(spec, directory, told)
        bring(spec, places, directory, writing)
    except (CannotError, OSError, ValueError, KeyError) as why:
        told |= {"kind": "cannot-start", "why": str(why)}
        sys.stderr.write(f"launch: cannot try gate {name}: {why}\n")
        status = CANNOT_START
    with writing():
        tell(directory, told)
    return status


def _must_be(spec: dict[str, Any], *, network: bool, host: bool) -> None:
    if spec["network"] != network:
        raise CannotError(f"it declares {'no' if network else 'a'} network")
    if spec.get("host", False) != host:
        raise CannotError(f"it is to run in {'no' if host else 'a'} host of its own")


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


def variables(spec: dict[str, Any]) -> dict[str, str]:
    """Return all that a command has in its environment."""
    return {
        "PATH": PATH,
        "HOME": f"{INSIDE}/home",
        "LANG": "C.UTF-8",
        "CI": "true",
        "PMRUNNER_GATE": spec["gate"],
        "PMRUNNER_BUILT": f"{INSIDE}/built" if spec["build"] else "",
        "PMRUNNER_PREPARED": f"{INSIDE}/prepared" if spec["prepared"] or spec["prepares"] else "",
    }


def walls(
    places: Places, name: str, spec: dict[str, Any], *, network: bool, more: tuple[str, ...] = ()
) -> list[str]:
    """Return the command that builds them: programs and configuration of the machine, and its own copies."""
    fill(places, spec)
    # What is prepared lies where gates find it, so that what knows its own place is right there, too.
    making = ("--bind", str(places.prepared / f".{name}")) if spec["prepares"] else ()
    having = ("--ro-bind", str(places.prepared / spec["prepared"])) if spec["prepared"] else ()
    prepared = making or having
    return [
        *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *(() if network else ("--unshare-net",)),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
        *(word for pair in variables(spec).items() for word in ("--setenv", *pair)),
        *_machine(),
        *_who(places.work),
        *("--proc", "/proc", "--dev", "/dev", "--dir", "/var", "--tmpfs", "/tmp"),  # noqa: S108 - its own
        *(word for path in ("/mnt", "/var/lib", "/var/log") for word in ("--dir", path)),
        *("--symlink", "/tmp", "/var/tmp", "--tmpfs", "/run"),  # noqa: S108 - as above
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
    for name in TAKEN:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), f"/{name}")
        elif path.is_dir():
            yield from ("--ro-bind", f"/{name}", f"/{name}")


def _who(work: Path) -> Iterator[str]:
    """Give who the gate works as a name, where /etc has none for them: many programs ask for it."""
    uid, gid = os.getuid(), os.getgid()
    user = f"gate:x:{uid}:{gid}::{INSIDE}/home:/bin/bash\n"
    for file, number, line in (("passwd", uid, user), ("group", gid, f"gate:x:{gid}:\n")):
        known = Path("/etc", file).read_text(errors="surrogateescape")
        if any(one.split(":")[2:3] == [str(number)] for one in known.splitlines()):
            continue
        ours = work / file
        ours.write_text(f"{known.rstrip()}\n{line}", errors="surrogateescape")
        yield from ("--ro-bind", str(ours), f"/etc/{file}")


def _names() -> tuple[str, ...]:
    """Show how this machine finds names, where `/etc` only has a link to it."""
    real = Path("/etc/resolv.conf").resolve()
    return ("--ro-bind", str(real), str(real)) if real.is_file() else ()


def bring(spec: dict[str, Any], places: Places, directory: int, writing: Writing) -> None:
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
    with writing():
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
