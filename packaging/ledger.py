"""What is written down of a gate where neither it nor its daemon can write: by root, or by who waits for it.

`begin` notes, before anything of the gate runs, what it is to judge: the daemon's word, and the
digests of the trees as they are then. `end` notes how the service manager says that it ended, and
the digests after it. No link of the daemon's is followed, and what the gate wrote is never read but as bytes.
"""

import contextlib
import json
import os
import re
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import Any, Final

import trees
from gate import Places

LEVEL: Final = 1
_MOST: Final = 1 << 20
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KEYS: Final = {
    "gate": str,
    "command": str,
    "timeout": (int, float),
    "tests": str,
    "network": bool,
    "source": str,
    "build": str,
    "prepared": str,
    "prepares": str,
}
_LONGEST: Final = 86400.0
_MONTH: Final = 30 * 86400.0
_GONE: Final = ".gone-"
_UNIT: Final = re.compile(r"pm-runner-[a-z]+@[a-z0-9_-]+\.service")
_CGROUPS: Final = Path("/sys/fs/cgroup")


class RefusedError(Exception):
    """What the daemon made is no gate, and this is why."""


def begin(  # noqa: PLR0913 - who is who, each by its name
    places: Places, name: str, *, owner: int, group: int, invocation: str, prepares: bool = False
) -> int:
    """Write down what a gate is to judge; return the status to leave with. Once for each name.

    What `prepares` is no gate, but makes what gates need; it has a directory of its own for that.
    """
    try:
        at = _records(places)
    except OSError as why:
        return _say(name, why)
    try:
        for file in (f"{name}.began", f"{name}.json"):
            with contextlib.suppress(FileNotFoundError):
                os.stat(file, dir_fd=at, follow_symlinks=False)
                return _say(name, "it was tried before; another try has another name")
        spec = _spec(places, name, owner, prepares=prepares)
        _check(places, spec)
        if prepares:
            _make_room(places, name, spec["prepares"], group)
        noted = {"level": LEVEL, "invocation": invocation, "spec": spec, "began": time.time()}
        _write(at, f"{name}.began", {**noted, "clock": time.monotonic()}, group)
    except (RefusedError, OSError, ValueError, RecursionError) as why:
        return _say(name, why)
    finally:
        os.close(at)
    return 0


def end(  # noqa: PLR0913 - what the service manager says, each by its name
    places: Places,
    name: str,
    *,
    owner: int,
    group: int,
    invocation: str,
    result: str,
    code: str,
    status: str,
    by: str,
    used: dict[str, Any],
    prepares: bool = False,
) -> int:
    """Write down how a gate ended: the last word, which is written once. Return the status to leave with."""
    record: dict[str, Any] = {"level": LEVEL, "name": name, "by": by, "ended": time.time()}
    record |= {"result": result, "code": code, "status": status, "used": used}
    at = None
    try:
        at = _records(places)
        began = _began(at, name)
        if began is not None and began["invocation"] != invocation:
            return _say(name, "another try of that name is written down")
        if began is None:
            record["refused"] = _refusal(places, name, owner, prepares=prepares)
        else:
            spec = began["spec"]
            record |= {"spec": spec, "began": began["began"], "altered": _altered(places, spec)}
            record["seconds"] = time.monotonic() - began["clock"]
            record |= _left(places, name, owner)
            if spec.get("prepares"):
                good = (code, status) == ("exited", "0")
                record |= _keep(places, name, spec["prepares"], good=good)
        _write(at, f"{name}.json", record, group)
    except (RefusedError, OSError, ValueError, KeyError, RecursionError) as why:
        return _say(name, why)
    finally:
        if at is not None:
            os.close(at)
    return 0


def _say(name: str, why: object) -> int:
    sys.stderr.write(f"launch: cannot write down gate {name}: {why}\n")
    return 1


def _records(places: Places) -> int:
    """Open where records are; nobody but us may be able to write there."""
    at = trees.enter(str(places.records))
    about = os.fstat(at)
    if about.st_uid != os.geteuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        os.close(at)
        raise PermissionError(f"{places.records} is not ours alone to write")
    return at


def _own(places: Places, name: str, owner: int) -> int:
    at = trees.enter(str(places.gates), name)
    found = os.fstat(at).st_uid
    if found != owner:
        os.close(at)
        raise RefusedError(
            f"its directory belongs to uid {found}, and not to its daemon's, {owner}"
        )
    return at


def _make_room(places: Places, name: str, digest: str, group: int) -> None:
    """Make a directory that what prepares can write, where nobody else can make one."""
    at = trees.enter(str(places.prepared))
    try:
        if _is_there(digest, at):
            raise RefusedError("what it prepares is there already")
        _let_go(at)
        os.mkdir(f".{name}", 0o700, dir_fd=at)
        os.chown(f".{name}", -1, group, dir_fd=at, follow_symlinks=False)
        os.chmod(f".{name}", 0o2770, dir_fd=at)  # noqa: S103 - no user is of that group, only units are
    finally:
        os.close(at)


def _let_go(at: int) -> None:
    """Delete what was prepared, and no gate has needed for a month: none is at work for so long."""
    listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
    try:
        names = os.listdir(listed)  # noqa: PTH208 - it is a descriptor
    finally:
        os.close(listed)
    for name in names:
        try:
            if _DIGEST.fullmatch(name):
                needed = os.stat(name, dir_fd=at, follow_symlinks=False).st_mtime
                if time.time() - needed <= _MONTH:
                    continue
                # At once, or half of it could pass for the whole. The number is of nothing that was let go before.
                gone = f"{_GONE}{name}-{os.getpid()}"
                os.rename(name, gone, src_dir_fd=at, dst_dir_fd=at)
                shutil.rmtree(gone, dir_fd=at)
            elif name.startswith(_GONE):
                shutil.rmtree(name, dir_fd=at)
        except FileNotFoundError:
            continue  # somebody else lets it go
        except (OSError, RecursionError) as why:
            sys.stderr.write(f"launch: cannot delete {name}: {why}\n")


def _keep(places: Places, name: str, digest: str, *, good: bool) -> dict[str, Any]:
    """Keep what was prepared where nobody can change it; what went wrong leaves nothing."""
    at, new = trees.enter(str(places.prepared)), f".{name}"
    try:
        if good:
            tree = trees.enter(new, at=at)
            try:
                trees.seal(tree, os.geteuid(), os.getegid())
                sealed = trees.contents(tree).digest
            finally:
                os.close(tree)
            if not _is_there(digest, at):
                os.rename(new, digest, src_dir_fd=at, dst_dir_fd=at)
            return {"sealed": sealed}
    except (OSError, ValueError) as why:
        return {"refused": f"what was prepared cannot be kept: {why}"}
    finally:
        with contextlib.suppress(FileNotFoundError, RecursionError):
            shutil.rmtree(new, dir_fd=at)
        os.close(at)
    return {}


def _is_there(name: str, at: int) -> bool:
    try:
        os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _spec(places: Places, name: str, owner: int, *, prepares: bool) -> dict[str, Any]:
    at = _own(places, name, owner)
    try:
        spec = json.loads(trees.read("spec.json", at, _MOST))
    finally:
        os.close(at)
    if not isinstance(spec, dict):
        raise RefusedError("its spec is no object")
    for key, kind in _KEYS.items():
        if not isinstance(spec.get(key), kind):
            raise RefusedError(f"its spec has no {key}, or none that can be")
    if not isinstance(spec.get("host", False), bool):
        raise RefusedError("its spec says of a host neither true nor false")
    if bool(spec["prepares"]) != prepares:
        raise RefusedError(
            "it is to prepare something" if spec["prepares"] else "it prepares nothing"
        )
    for key in ("source", "build", "prepared", "prepares"):
        if not _DIGEST.fullmatch(spec[key]) and (spec[key] or key == "source"):
            raise RefusedError(f"{key} is no digest")
    if not 0 < spec["timeout"] <= _LONGEST:
        raise RefusedError(f"its timeout is not within {_LONGEST:g} s")
    parts = spec["tests"].split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\0" in spec["tests"] + spec["command"]:
        raise RefusedError(f"{spec['tests']} is no file of its source")
    return spec


def _check(places: Places, spec: dict[str, Any]) -> None:
    """See to it that the trees are what they are called. Raises RefusedError, OSError, ValueError."""
    if changed := _altered(places, spec):
        raise RefusedError(f"its {' and '.join(changed)} tree is not what its digest says")
    if spec["prepared"]:
        os.close(trees.enter(str(places.prepared), spec["prepared"]))
        # When it was needed last.
        os.utime(places.prepared / spec["prepared"], follow_symlinks=False)


def _altered(places: Places, spec: dict[str, Any]) -> list[str]:
    """Return which of a gate's trees are not what they were to be; one that is gone is none."""
    changed = []
    for name, digest in (("source", spec["source"]), ("build", spec["build"])):
        if not digest:
            continue
        try:
            tree = trees.enter(str(places.gates), "trees", digest)
            try:
                same = trees.contents(tree).digest == digest
            finally:
                os.close(tree)
        except (OSError, ValueError):
            same = False
        if not same:
            changed.append(name)
    return changed


def _refusal(places: Places, name: str, owner: int, *, prepares: bool) -> str:
    try:
        _check(places, _spec(places, name, owner, prepares=prepares))
    except (RefusedError, OSError, ValueError, RecursionError) as why:
        return str(why)
    return "what it was to judge could not be written down"


def _began(at: int, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(trees.read(f"{name}.began", at, 2 * _MOST))
    except FileNotFoundError:
        return None
    return found


def _left(places: Places, name: str, owner: int) -> dict[str, Any]:
    """Return the digests of what a gate left, of its log and its counts."""
    at = _own(places, name, owner)
    try:
        log, size = trees.digest("log", at)
        tests, _ = trees.digest("junit.xml", at)
    finally:
        os.close(at)
    return {"log": log, "log_bytes": size, "tests": tests}


def _write(at: int, name: str, record: dict[str, Any], group: int) -> None:
    """Write a record durably, under its name at once or not at all."""
    new = f".{name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=at)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(new, flags, 0o600, dir_fd=at)
    try:
        os.fchown(file, -1, group)
        os.fchmod(file, 0o640)
        trees.write(file, json.dumps(record).encode() + b"\n")
        os.fsync(file)
        # A link, for it takes no other's place.
        os.link(new, name, src_dir_fd=at, dst_dir_fd=at)
    finally:
        os.close(file)
        os.unlink(new, dir_fd=at)
    durable = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
    try:
        os.fsync(durable)
    finally:
        os.close(durable)


def used() -> dict[str, Any]:
    """Return what the control group that we share with the gate has used, where the kernel counts for it alone."""
    groups = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            # Who does something beside a unit that has groups of its own is in one of these.
            path = path.removesuffix("/.control")
            # Of version 1, what is not counted for a unit is counted for all that are above it.
            if not _UNIT.fullmatch(path.rpartition("/")[2]):
                continue
            groups |= {name: _hierarchy(name) / path.lstrip("/") for name in names.split(",")}
    v2, memory, cpu = groups.get(""), groups.get("memory"), groups.get("cpuacct")
    microseconds = _field(v2, "cpu.stat", "usage_usec")
    nanoseconds = _field(cpu, "cpuacct.usage")
    seconds = None if microseconds is None else microseconds / 1e6
    return {
        "cpu_seconds": seconds if nanoseconds is None else nanoseconds / 1e9,
        "peak_memory": _field(v2, "memory.peak") or _field(memory, "memory.max_usage_in_bytes"),
        "memory_kills": _field(v2, "memory.events", "oom_kill")
        or _field(memory, "memory.oom_control", "oom_kill"),
    }


def _hierarchy(name: str) -> Path:
    """Return where control groups of a controller are; version 2 beside version 1 counts processor time, too."""
    beside = _CGROUPS / "unified"
    return beside if not name and beside.is_dir() else _CGROUPS / name


def _field(directory: Path | None, name: str, field: str = "") -> int | None:
    if directory is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        for line in (directory / name).read_text().splitlines():
            if not field or line.startswith(f"{field} "):
                return int(line.split()[-1])
    return None
