"""What is written down of a gate where neither it nor its daemon can write: by root, or by who waits for it.

`begin` notes, before anything of the gate runs, what it is to judge: the daemon's word, and the
digests of the trees as they are then. `end` notes how the service manager says that it ended, and
the digests after it. No link of the daemon's is followed, and what the gate wrote is never read but as bytes.
"""

import contextlib
import json
import os
import re
import stat
import sys
import time
from typing import Any, Final

import preparing
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
            preparing.make_room(places.prepared, name, spec["prepares"], group)
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
                record |= preparing.keep(places.prepared, name, spec["prepares"], good=good)
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
