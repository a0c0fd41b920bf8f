"""How the log is spelled for systemd's journal: an entry with fields that people filter by.

MESSAGE is what a line of the log says without its level and its time, which the journal has by itself.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pmrunnerd.model.catalog import MESSAGE_IDS
from pmrunnerd.services.journald import Journal, encode
from pmrunnerd.services.logfmt import PRIORITY, pairs, spell

Fields = Mapping[str, str]

_PREFIX: Final = "PMRUNNER_"
# A remark of a module that is an error.
BUG: Final = "bug"
# What is said by whoever stops.
ENDED: Final = "ended-badly"


class Entry:
    """Spells records for the journal; `base` are fields of each, where an event has no other."""

    def __init__(self, base: Fields) -> None:
        self.base = dict(base)

    def piece(self, record: logging.LogRecord) -> bytes:
        """Return a record as one entry."""
        return encode(self._fields(record))

    def report(self, text: str) -> Iterator[bytes]:
        """Yield what people are told as one entry, an error."""
        if said := text.rstrip():
            priority = str(PRIORITY[logging.ERROR])
            event = [("PRIORITY", priority), *_kind(ENDED), ("MESSAGE", said)]
            yield encode([*self.base.items(), *event])

    def _fields(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        event: Mapping[str, Any] | None = getattr(record, "fields", None)
        said = record.getMessage()
        own = [
            (_PREFIX + name.upper(), spell(one))
            for name, value in (event or {}).items()
            for one in (value if name == "task" and isinstance(value, tuple) else (value,))
        ]
        known = {name for name, _ in own}
        yield from ((name, value) for name, value in self.base.items() if name not in known)
        yield "PRIORITY", str(PRIORITY.get(record.levelno, PRIORITY[logging.INFO]))
        if event is not None:
            yield from _kind(said)
        elif record.levelno >= logging.ERROR:
            yield from _kind(BUG)
        yield from own
        if event is None:
            yield "PMRUNNER_WHERE", record.name
        if record.lineno:
            yield "CODE_FILE", record.pathname
            yield "CODE_LINE", str(record.lineno)
            yield "CODE_FUNC", str(record.funcName or "")
        message = " ".join([said, pairs(event)]) if event else said
        if record.exc_info and record.exc_info[1] is not None:
            yield "EXCEPTION_TEXT", logging.Formatter().formatException(record.exc_info)
            message += f": {type(record.exc_info[1]).__name__}"
        yield "MESSAGE", message


def _kind(name: str) -> Iterator[tuple[str, str]]:
    """Yield what tells an event from others; one that only a newer release knows has no identifier."""
    yield _PREFIX + "EVENT", name
    if identifier := MESSAGE_IDS.get(name):
        yield "MESSAGE_ID", identifier


class Handler(logging.Handler):
    """Gives each record to the journal at once, and waits for nothing."""

    def __init__(self, entry: Entry, journal: Journal) -> None:
        super().__init__()
        self._entry = entry
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; one that cannot be spelled or is not taken is the loss of one entry."""
        try:
            self._journal.send(self._entry.piece(record))
        except Exception:  # noqa: BLE001 - as its docstring says
            self.handleError(record)

    def close(self) -> None:
        """Give nothing more."""
        self._journal.close()
        super().close()
