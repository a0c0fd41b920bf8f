"""One line per event on standard error: for a terminal with a time, for a manager with a priority."""

import logging
import sys
import time
from collections.abc import Mapping
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
    """Formats a record as `key=value` pairs, its own message first among them."""

    def __init__(self, *, managed: bool) -> None:
        super().__init__()
        self._managed = managed

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; an exception follows as escaped text on the same line."""
        said = (
            f"level={record.levelname.lower()} where={record.name} msg={quote(record.getMessage())}"
        )
        if record.exc_info:
            said += f" exception={quote(self.formatException(record.exc_info))}"
        if self._managed:
            return f"<{PRIORITY.get(record.levelno, 6)}>{said}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"time={stamp}.{int(record.msecs):03}Z {said}"


def quote(text: str) -> str:
    """Return text as a logfmt value: bare if it is one plain word, quoted and escaped otherwise."""
    if text and text.isprintable() and not set(text) & set(' "=\\'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in escaped)
    return f'"{plain}"'


def configure(environment: Mapping[str, str]) -> None:
    """Send every log record to standard error, as whoever reads it there likes it."""
    handler = logging.StreamHandler(sys.stderr)
    managed = "JOURNAL_STREAM" in environment or "NOTIFY_SOCKET" in environment
    handler.setFormatter(Line(managed=managed))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # What we say about ourselves must never be able to stop us.
    logging.raiseExceptions = False
