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
    """What is to be tried on which trees, each by its digest; `command` and the rest are the gate's.

    `host` is a host of its own, of which the command is root.
    `prepared` is what was made for it, by the digest of how; `prepares` is that of what makes it, and is no gate.
    """

    gate: str
    command: str
    timeout: float
    source: str
    tests: str = "none"
    network: bool = False
    host: bool = False
    build: str = ""
    prepared: str = ""
    prepares: str = ""


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


def finish(record: Record | None, told: Told, *, cancelled: bool, refused: str = "") -> Finish:
    """Return how a gate ended, in the words that are judged; None is one of which nothing is written down.

    What is written down counts, and not that nobody could be asked (`refused`) or that it was to be stopped too late.
    """
    if record is not None and record.refused and record.code == "exited":
        # What was prepared, and could not be kept.
        return Finish(result="failed", refused=record.refused)
    if record is None:
        why = refused or "nothing is written down of it"
        return Finish(result="", refused=why, cancelled=cancelled)
    result, why = record.result, record.refused
    cancelled = cancelled and record.code != "exited"
    if (record.code, record.status) == ("exited", TIMED_OUT):
        result = "timeout"
    elif (record.code, record.status) == ("exited", CANNOT_START):
        why = told.why or "what was to try it could not"
    elif record.used.memory_kills and (record.code, record.status) != ("exited", "0"):
        # Control groups of version 1 tell the service manager nothing of it.
        result = "oom-kill"
    return Finish(
        result=result,
        code=record.code,
        status=record.status,
        altered=record.altered,
        refused=why,
        cancelled=cancelled,
    )
