"""Makes texts of what a process prints: whole lines where possible, and never too long."""

import codecs
from collections import deque
from collections.abc import Iterator
from typing import Final

LIMIT: Final = 64 * 1024
"""Bytes of UTF-8 that one text has at most."""


class Chunks:
    r"""Cuts one stream. Bytes that are no UTF-8 become `\xNN`; a character is never cut in two."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._rest = ""

    def feed(self, data: bytes) -> list[str]:
        """Return the texts that are complete by now; an unfinished line waits for its end."""
        text = self._rest + self._decoder.decode(data)
        whole, newline, self._rest = text.rpartition("\n")
        if len(self._rest.encode()) > LIMIT:
            *pieces, self._rest = whole_lines(self._rest)
            return [*whole_lines(whole + newline), *pieces]
        return whole_lines(whole + newline)

    def flush(self, *, end: bool = False) -> list[str]:
        """Return the unfinished line as it is; at the `end`, half a character, too."""
        text, self._rest = self._rest + self._decoder.decode(b"", final=end), ""
        return whole_lines(text)

    @property
    def waits(self) -> bool:
        """Whether an unfinished line is here."""
        return bool(self._rest)


_CONTINUES: Final = 0x80  # the upper two bits of a byte in the middle of a character


def whole_lines(text: str) -> list[str]:
    """Return a text as texts that have at most LIMIT bytes, cut after lines where there are any."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    data = text.encode()
    while len(data) > LIMIT:
        # After the last line that fits; within a line where none does, but not within a character.
        at = data.rfind(b"\n", 0, LIMIT) + 1 or _character(data, LIMIT)
        yield data[:at].decode()
        data = data[at:]
    if data:
        yield data.decode()


def _character(data: bytes, at: int) -> int:
    while data[at] & 0xC0 == _CONTINUES:
        at -= 1
    return at


class Tail:
    """The last lines of what was printed, for the reason of a failure."""

    def __init__(self, lines: int = 10, size: int = 2000) -> None:
        self._texts: deque[str] = deque()
        self._length = 0
        self._lines = lines
        self._size = size

    def add(self, text: str) -> None:
        """Take note of something that was printed."""
        self._texts.append(text[-self._size :])
        self._length += len(self._texts[-1])
        while self._length - len(self._texts[0]) >= self._size:
            self._length -= len(self._texts.popleft())

    def __str__(self) -> str:
        text = "".join(self._texts)[-self._size :]
        return "\n".join(text.rstrip().splitlines()[-self._lines :])
