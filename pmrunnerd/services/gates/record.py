"""What a gate is told, and what was written down of it: two files, whose forms the package knows, too.

`Record` is not ours to write: root's is, or detached, that of who waited for the gate. What is not in there did not happen.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from pmrunnerd.model.errors import Refused
from pmrunnerd.rules.gates.verdicts import Finish

# What the package's code leaves with, where the command did not end by itself.
CANNOT_START: Final = "250"
TIMED_OUT: Final = "251"


class Order(Struct, frozen=True, kw_only=True):
    """What is to be tried on which trees, each by its digest; `command` and the rest are the gate's."""

    gate: str
    command: str
    timeout: float
    source: str
    tests: str = "none"
    network: bool = False
    build: str = ""
    prepared: str = ""


class Used(Struct, frozen=True, kw_only=True):
    """What a gate took of the machine, where the kernel counted."""

    cpu_seconds: float | None = None
    peak_memory: int | None = None
    memory_kills: int | None = None


class Record(Struct, frozen=True, kw_only=True):
    """How a gate ended, on what, and digests of what it left; `by` is who saw it."""

    name: str
    by: str
    ended: float
    result: str
    code: str
    status: str
    spec: Order | UnsetType = UNSET
    began: float = 0.0
    seconds: float = 0.0
    altered: tuple[str, ...] = ()
    refused: str = ""
    log: str = ""
    log_bytes: int = 0
    tests: str = ""
    used: Used = field(default_factory=Used)


class Told(Struct, frozen=True, kw_only=True):
    """A word for people, of what tried the gate; nothing is decided by it but which words are said."""

    kind: str = ""
    why: str = ""


def decode(data: bytes, kind: type[Any]) -> Any:
    """Read one of them. Raises Refused."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refused(f"cannot read what was written down of a gate: {exc}") from exc


def finish(record: Record | None, told: Told, *, cancelled: bool) -> Finish:
    """Return how a gate ended, in the words that are judged; None is one of which nothing is written down."""
    if record is None:
        return Finish(result="", refused="nothing is written down of it", cancelled=cancelled)
    known = {"code": record.code, "status": record.status, "altered": record.altered}
    if record.refused:
        return Finish(result=record.result, refused=record.refused, cancelled=cancelled)
    if record.code == "exited" and record.status == TIMED_OUT:
        return Finish(result="timeout", cancelled=cancelled, **known)
    if record.code == "exited" and record.status == CANNOT_START:
        why = told.why or "what was to try it could not"
        return Finish(result=record.result, refused=why, cancelled=cancelled)
    # Control groups of version 1 tell the service manager nothing of it.
    starved = record.used.memory_kills and (record.code, record.status) != ("exited", "0")
    result = "oom-kill" if starved else record.result
    return Finish(result=result, cancelled=cancelled, **known)
