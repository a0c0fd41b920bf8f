"""The lines of a Markdown text, and which of them are shown as text: no code, no comment."""

import re
from typing import Final, NamedTuple

_FENCE: Final = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_HEADING: Final = re.compile(r" {0,3}(?P<level>#{1,6})(?:[ \t](?P<text>.*))?")
_OPEN, _SHUT = "<!--", "-->"


class Line(NamedTuple):
    """A line as it stands (`raw`) and as it is read (`text`): nothing of code and of comments.

    `level` is that of a heading, 0 of all others.
    """

    number: int
    raw: str
    text: str
    level: int = 0
    is_code: bool = False


class Text(NamedTuple):
    """All lines, and the one where code or a comment begins that never ends; 0 where all do."""

    lines: list[Line]
    unclosed: int = 0


def split(text: str) -> list[str]:
    """Return the lines of a text, whichever way they end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def read(text: str) -> Text:
    """Return what each line is, as CommonMark has it."""
    lines: list[Line] = []
    fence, comment, since = "", False, 0
    for number, raw in enumerate(split(text), 1):
        marks = None if comment else _FENCE.fullmatch(raw)
        if fence:
            lines.append(Line(number, raw, "", is_code=True))
            if marks and _closes(marks["fence"], marks["info"], fence):
                fence = ""
        elif marks and _opens(marks["fence"], marks["info"]):
            lines.append(Line(number, raw, "", is_code=True))
            fence, since = marks["fence"], number
        else:
            began = comment
            shown, comment = _without_comments(raw, inside=began)
            since = number if comment and not began else since
            lines.append(_line(number, raw, shown, may_be_heading=not began))
    return Text(lines, since if fence or comment else 0)


def _line(number: int, raw: str, shown: str, *, may_be_heading: bool) -> Line:
    heading = _HEADING.fullmatch(shown) if may_be_heading else None
    if heading is None:
        return Line(number, raw, shown)
    text = (heading["text"] or "").strip()
    without = text.rstrip("#")
    if not without or without[-1] in " \t":  # what closes a heading, as some write it
        text = without.strip()
    return Line(number, raw, text, len(heading["level"]))


def _opens(fence: str, info: str) -> bool:
    """Tell whether a fence opens code: one of backticks has no other after it."""
    return fence[0] == "~" or "`" not in info


def _closes(fence: str, info: str, opened: str) -> bool:
    return fence[0] == opened[0] and len(fence) >= len(opened) and not info.strip()


def _without_comments(raw: str, *, inside: bool) -> tuple[str, bool]:
    """Return what of a line is in no comment, and whether one goes on after it."""
    kept, at = [], 0
    while at < len(raw):
        mark = _SHUT if inside else _OPEN
        found = raw.find(mark, at)
        end = len(raw) if found < 0 else found
        if not inside:
            kept.append(raw[at:end])
        inside = inside != (found >= 0)
        at = end + len(mark)
    return "".join(kept), inside
