"""Reads a log as a collector of logs does: one event a line, `key=value` pairs, perhaps a priority."""

import re
from typing import Final

_PAIR: Final = re.compile(r'(?P<key>[a-z_]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^ "=]*))')
_PRIORITY: Final = re.compile(r"<([0-7])>")


def parse(line: str) -> dict[str, str]:
    """Return the fields of a line; raises ValueError where anything on it is not part of one."""
    found: dict[str, str] = {}
    at = 0
    if prefix := _PRIORITY.match(line):
        found["priority"] = prefix[1]
        at = prefix.end()
    while at < len(line):
        pair = _PAIR.match(line, at)
        if pair is None or pair["key"] in found:
            raise ValueError(f"no logfmt from column {at}: {line!r}")
        quoted = pair["quoted"]
        found[pair["key"]] = pair["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
        if at < len(line):
            if line[at] != " ":
                raise ValueError(f"no space at column {at}: {line!r}")
            at += 1
    return found


def events(log: str) -> list[dict[str, str]]:
    """Return every line that is an event."""
    return [found for line in log.splitlines() if "event" in (found := parse(line))]
