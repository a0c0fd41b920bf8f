"""One thing that was said, with its fields: an entry of the journal, or a line of a log file.

Both have one shape for programs, with the names that the journal gives to fields.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pmrunnerctl import logline
from pmrunnerd.model.catalog import MESSAGE_IDS

_OURS: Final = "PMRUNNER_"
_MICRO: Final = 1_000_000
# Of a line, what is no field of the event: the entry has it by itself.
_BESIDE: Final = frozenset({"time", "level"})


class Said(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`line` is what people are shown; what nobody knows of it is not there.

    `priority` is as syslog has it: 2 critical, 3 error, 4 warning, 6 info, 7 debug. A field that
    stands several times has a list.
    """

    line: str
    at: str = ""
    priority: int | None = None
    message_id: str = ""
    unit: str = ""
    message: str = ""
    fields: Mapping[str, str | Sequence[str]] = {}


def of_journal(line: str) -> Said:
    """Read what journalctl prints of an entry as JSON; what is no such thing is only a line."""
    try:
        entry: Mapping[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Said(line=line)
    known = {name: _value(value) for name, value in entry.items() if value is not None}
    only = {name: value for name, value in known.items() if isinstance(value, str)}
    when = only.get("__REALTIME_TIMESTAMP", "")
    at = datetime.fromtimestamp(int(when) / _MICRO, UTC) if when.isdigit() else None
    priority = only.get("PRIORITY", "")
    return Said(
        line=_shown(only, at),
        at=_utc(at),
        priority=int(priority) if priority.isdecimal() else None,
        message_id=only.get("MESSAGE_ID", ""),
        unit=only.get("_SYSTEMD_UNIT", ""),
        message=only.get("MESSAGE", ""),
        fields={name: value for name, value in known.items() if name.startswith(_OURS)},
    )


def of_line(line: str) -> Said:
    """Read a line of a log file; of one that somebody else wrote there is no more than itself."""
    found = logline.parse(line)
    return Said(
        line=line,
        at=found.get("time", ""),
        priority=logline.PRIORITY.get(found.get("level", "")),
        message_id=MESSAGE_IDS.get(found.get("event", ""), ""),
        message=found.get("msg", found.get("event", "")),
        fields={
            _OURS + name.upper(): value.split(",") if name == "task" and "," in value else value
            for name, value in found.items()
            if name not in _BESIDE
        },
    )


def _value(value: Any) -> str | list[str]:
    """Return what a field has: bytes that are no text are a list of numbers, and so is what drives a terminal."""
    if isinstance(value, list):
        if all(isinstance(one, int) for one in value):
            return bytes(value).decode(errors="replace")
        return [str(_value(one)) for one in value if one is not None]
    return str(value)


def _shown(only: Mapping[str, str], at: datetime | None) -> str:
    """Return an entry as journalctl shows it to people, with its time where they are."""
    when = at.astimezone().strftime("%Y-%m-%dT%H:%M:%S%z") if at else ""
    pid = only.get("SYSLOG_PID") or only.get("_PID", "")
    who = only.get("SYSLOG_IDENTIFIER") or only.get("_COMM", "unknown")
    name = f"{who}[{pid}]" if pid else who
    return " ".join(filter(None, [when, only.get("_HOSTNAME", ""), f"{name}:"])) + (
        f" {only.get('MESSAGE', '')}"
    )


def _utc(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""
