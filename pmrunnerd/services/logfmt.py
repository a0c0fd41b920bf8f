"""How the log is spelled: one line an event, for a terminal with a time, for a manager with a priority.

A record whose `extra` has `fields` is an event: its message is the event's name, as in
`log.warning("call-refused", extra={"fields": {"caller": caller.name}})`. Any other record is a
sentence of the module that wrote it.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Final

# What syslog and the journal call our levels.
PRIORITY: Final = {
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}


class Line(logging.Formatter):
    """Formats a record as one line of `key=value` pairs."""

    def __init__(self, *, managed: bool) -> None:
        super().__init__()
        self.managed = managed

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; an exception follows as escaped text on the same line."""
        fields: dict[str, object] = {"level": record.levelname.lower()}
        event = getattr(record, "fields", None)
        if event is None:
            fields |= {"where": record.name, "msg": record.getMessage()}
        else:
            fields |= {"event": record.getMessage(), **event}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        said = pairs(fields)
        if self.managed:
            return f"<{PRIORITY.get(record.levelno, 6)}>{said}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"time={stamp}.{int(record.msecs):03}Z {said}"

    def piece(self, record: logging.LogRecord) -> bytes:
        """Return the record as one line, with its end."""
        return _line(self.format(record))

    def report(self, text: str) -> Iterator[bytes]:
        """Yield what people are told as lines; a manager is told that each is an error."""
        prefix = f"<{PRIORITY[logging.ERROR]}>" if self.managed else ""
        yield from (_line(f"{prefix}{line}") for line in text.splitlines())


def _line(text: str) -> bytes:
    return f"{text}\n".encode(errors="backslashreplace")


def pairs(fields: Mapping[str, object]) -> str:
    """Return fields as `key=value` with spaces between."""
    return " ".join(f"{key}={quote(spell(value))}" for key, value in fields.items())


def spell(value: object) -> str:
    """Return a value as its plain text: several are joined by commas, truth is lower case."""
    if isinstance(value, tuple | list):
        return ",".join(spell(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def quote(text: str) -> str:
    """Return text as a logfmt value: bare if it is one plain word, quoted and escaped otherwise."""
    if text and text.isprintable() and not set(text) & set(' "=\\'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in escaped)
    return f'"{plain}"'


def event(
    name: str, level: int, fields: Mapping[str, object], at: float | None = None
) -> logging.LogRecord:
    """Return the record of an event, which happened now or at a time of the epoch."""
    record = logging.makeLogRecord(
        {
            "msg": name,
            "levelno": level,
            "levelname": logging.getLevelName(level),
            "fields": fields,
        }
    )
    if at is not None:
        record.created, record.msecs = at, int(at * 1000) % 1000
    return record
