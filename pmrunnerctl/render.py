"""Draws on a terminal or into a pipe: tables, pairs, colours only where they are seen."""

import contextlib
import os
import re
import select
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple, TextIO

from pmrunnerctl import times
from pmrunnerctl.columns import GAP, fold
from pmrunnerctl.width import clean, cut, one_line, width, wrapped

# As a daemon spells a time.
_STAMP: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\b")
_SGR: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Cell(NamedTuple):
    """A piece of a line and how it looks."""

    text: str
    style: str = ""


class Screen:
    """One output stream. `columns` is None where no terminal is: nothing is cut there.

    `addressed` adds to a command whatever makes it mean the same daemon. Times are shown in `zone`, the local one unless another is given.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        colour: bool,
        columns: int | None,
        now: datetime | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        self.stream = stream
        self.colour = colour
        self.columns = columns
        self.now = now or datetime.now(UTC)
        self.addressed: Callable[[str], str] = str
        self._zone = zone

    @classmethod
    def of(cls, stream: TextIO, variables: Mapping[str, str]) -> "Screen":
        """Look at what the stream leads to."""
        if not stream.isatty():
            return cls(stream, colour=False, columns=None)
        colour = not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"
        try:
            columns = os.get_terminal_size(stream.fileno()).columns or 80
        except OSError:
            columns = 80
        return cls(stream, colour=colour, columns=columns)

    def paint(self, text: str, style: str) -> str:
        """Return text in a style, where styles are seen."""
        sgr = _SGR.get(style)
        return f"\x1b[{sgr}m{text}\x1b[0m" if sgr and self.colour and text else text

    def line(self, text: str = "", style: str = "") -> None:
        """Write a line. Control characters that somebody else put into it are spelt out."""
        self.raw(self.paint(clean(text), style) + "\n")

    def raw(self, text: str) -> None:
        """Write text as it is."""
        self.stream.write(text)

    def flush(self) -> None:
        """Have it seen."""
        self.stream.flush()

    def wait(self, seconds: float) -> None:
        """Wait, but not for somebody who has gone. Raises BrokenPipeError."""
        reader = select.poll()
        reader.register(self.stream.fileno(), 0)  # that nobody reads is told unasked
        if reader.poll(seconds * 1000):
            raise BrokenPipeError

    def next(self, command: str, why: str = "") -> None:
        """Say what somebody may want to type now."""
        self.line(f"next: {self.addressed(command)}" + (f"   # {why}" if why else ""), "dim")

    def table(
        self,
        headers: Sequence[str],
        rows: Iterable[Sequence[str | Cell]],
        *,
        stretch: int = -1,
        whole: bool = False,
    ) -> None:
        """Write a table; where it is too wide for the terminal, column `stretch` gives way.

        It is cut, or with `whole`, as the last one, goes on below itself. Other columns are never
        cut: those that find no room follow on a line of their own, which is left out where empty.
        """
        stretch %= len(headers)
        cells = [[_cell(cell) for cell in row] for row in rows]
        widths = [
            max(width(header), *(width(row[n].text) for row in cells), 0)
            for n, header in enumerate(headers)
        ]
        lines = fold(widths, self.columns, stretch)
        for row in [[Cell(header, "dim") for header in headers], *cells]:
            for number, line in enumerate(lines):
                shown = {n: row[n] for n in line}
                if number == 0 or any(cell.text for cell in shown.values()):
                    self._row(shown, line, GAP if number else "", stretch if whole else None)

    def pairs(self, rows: Iterable[tuple[str, str | Cell]]) -> None:
        """Write names and what belongs to them; pairs without a value are left out."""
        shown = [(name, value) for name, value in rows if _text(value)]
        widest = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            style = value.style if isinstance(value, Cell) else ""
            first, *more = clean(_text(value)).rstrip("\n").split("\n")
            self.raw(f"{self.paint(name.ljust(widest), 'dim')}{GAP}{self.paint(first, style)}\n")
            for line in more:
                self.raw(f"{' ' * widest}{GAP}{self.paint(line, style)}\n")

    def ago(self, at: str) -> str:
        """Spell how long ago it was."""
        return times.ago(at, self.now)

    def when(self, at: str) -> str:
        """Spell a time both ways: `12:30:05 CET, 3 min ago`."""
        return f"{self.clock(at)}, {self.ago(at)}" if at else ""

    def timed(self, text: str) -> str:
        """Spell the times within a text as `when` does."""
        return _STAMP.sub(lambda found: self.when(found[0]), text)

    def reason(self, text: str) -> str:
        """Spell why something is so: with commands that can be pasted here, and times for people."""
        return self.timed(self.addressed(text))

    def clock(self, at: str) -> str:
        """Spell when it was."""
        return times.clock(at, self.now, self._zone)

    def _row(
        self, row: Mapping[int, Cell], widths: Mapping[int, int], indent: str, whole: int | None
    ) -> None:
        parts, room, below = [], indent, list[str]()
        for n, columns in widths.items():
            cell = row[n]
            text, *below = wrapped(cell.text, columns) if n == whole else [cut(cell.text, columns)]
            parts.append(room + self.paint(text, cell.style))
            # The room behind a cell is only written before the next one that has something to say.
            room = " " * (columns - width(text)) + GAP
        self.raw("".join(parts).rstrip() + "\n")
        before = " " * (width(indent) + sum([*widths.values()][:-1]) + len(GAP) * (len(widths) - 1))
        for text in below:
            self.raw(f"{before}{text}\n")


class Aside(Screen):
    """What is said beside the matter: where it can be told to nobody, nothing else changes."""

    def raw(self, text: str) -> None:
        """Write text as it is, if somebody takes it."""
        with contextlib.suppress(OSError):
            super().raw(text)

    def flush(self) -> None:
        """Have it seen, if somebody looks."""
        with contextlib.suppress(OSError):
            super().flush()


def _text(value: str | Cell) -> str:
    return value.text if isinstance(value, Cell) else value


def _cell(value: str | Cell) -> Cell:
    if isinstance(value, Cell):
        return Cell(one_line(value.text), value.style)
    return Cell(one_line(value))
