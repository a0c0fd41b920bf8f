"""Whether EVIDENCE.md can be read, and has one section of a content, where it belongs."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from pmrunnerd.model.evidence import LIMIT, NAME, Found, Lying
from pmrunnerd.model.quantities import size
from pmrunnerd.model.views import Complaint
from pmrunnerd.rules.evidence.lines import Text, read
from pmrunnerd.rules.evidence.sections import DIGEST, LEVEL, Section, sections
from pmrunnerd.rules.evidence.words import is_unseen, spelt

SECTION_LIMIT: Final = 256 << 10
WRITE: Final = "pmrunnerctl evidence write"
_CUT: Final = f"cut the oldest sections off {NAME}; git keeps them"
_SHORT: Final = 12

_NO_FILE: Final = {
    Lying.MISSING: ("there is none at the top of the repository", WRITE),
    Lying.DIRECTORY: ("it is a directory", f"git rm -r {NAME}; then {WRITE}"),
    Lying.LINK: (
        "it is a link, and what it leads to is not what is approved",
        f"git rm {NAME}; then {WRITE}",
    ),
    Lying.SOMETHING: ("it is no file", f"git rm {NAME}; then {WRITE}"),
}


class Placed(NamedTuple):
    """What was found: the section, all of them, and what is wrong with where they stand."""

    section: Section | None
    others: list[Section]
    complaints: list[Complaint]


def place(found: Found, digest: str, misplaced: tuple[str, ...] = ()) -> Placed:
    """Look for the section of a source digest."""
    if found.lying is Lying.TOO_LARGE or len(found.data) > LIMIT:
        large = size(max(found.size, len(found.data)))
        what = f"cannot read {NAME}: it has {large}, and {size(LIMIT)} is the most"
        return _unread(what, _CUT)
    if found.lying is not Lying.FILE:
        why, remedy = _NO_FILE[found.lying]
        placed = _unread(f"cannot read {NAME}: {why}", remedy)
        placed.complaints.extend(map(_misplaced, misplaced))
        return placed
    if b"\0" in found.data:
        return _unread(
            f"cannot read {NAME}: it has a NUL",
            f"write it anew: {WRITE} --print",
            found.data.index(b"\0"),
            found.data,
        )
    try:
        text = found.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unread(
            f"cannot read {NAME}: it is no UTF-8", f"iconv -t UTF-8 {NAME}", error.start, found.data
        )
    return _placed(read(text), digest)


def _unread(what: str, remedy: str, offset: int = -1, data: bytes = b"") -> Placed:
    line = data.count(b"\n", 0, offset) + 1 if offset >= 0 else 0
    return Placed(None, [], [Complaint(what=what, remedy=remedy, line=line)])


def _misplaced(path: str) -> Complaint:
    what = f"{spelt(path)} is not {NAME} at the top of the repository"
    return Complaint(what=what, remedy=f"git mv {spelt(path)} {NAME}")


def _placed(text: Text, digest: str) -> Placed:
    every = sections(text.lines)
    mine = [one for one in every if one.digest == digest]
    others = [one for one in every if one.digest != digest]
    wrong = []
    if text.unclosed:
        what = "code or a comment begins here and never ends: all after it is hidden"
        wrong.append(Complaint(what=what, remedy="end it: ``` or -->", line=text.unclosed))
    if not mine:
        return Placed(None, others, [*wrong, *_absent(text, digest, others)])
    for again in mine[1:]:
        what = f"there is another section of this content, beside that of line {mine[0].line}"
        wrong.append(Complaint(what=what, remedy="make them one", line=again.line))
    if every[0].digest != digest:
        what = (
            f"the section stands below that of {every[0].digest[:_SHORT]}: the newest is the first"
        )
        wrong.append(
            Complaint(what=what, remedy=f"move it to line {every[0].line}", line=mine[0].line)
        )
    return Placed(mine[0], others, [*wrong, *_unfit(mine[0])])


def _absent(text: Text, digest: str, others: list[Section]) -> Iterator[Complaint]:
    """Say that there is no section, and where else its digest stands."""
    what = f"{NAME} has no section of {digest}"
    if others:
        what += f"; its newest is of {others[0].digest}, which is other content"
    yield Complaint(what=what, remedy=WRITE)
    for line in text.lines:
        if digest.encode() not in line.raw.encode("ascii", "ignore").lower():
            continue
        if line.is_code:
            why = "stands in code"
        elif line.level:
            why = f"stands in a heading that does not begin with {'#' * LEVEL} and a space"
        else:
            why = "stands in no heading"
        if DIGEST.search(line.text) is None and line.level == LEVEL:
            why = "stands in a heading, joined to something or in capitals"
        what = f"its digest {why}"
        yield Complaint(
            what=what, remedy=f"{'#' * LEVEL} {digest} TITLE   begins a section", line=line.number
        )


def _unfit(section: Section) -> Iterator[Complaint]:
    """Say what of a section is not what it seems."""
    if (large := extent(section)) > SECTION_LIMIT:
        what = f"the section has {size(large)}, and {size(SECTION_LIMIT)} is the most"
        yield Complaint(
            what=what, remedy="nobody reads that before approving: shorten it", line=section.line
        )
        return
    for line in section.lines:
        if unseen := sorted({one for one in line.raw if is_unseen(one)}):
            what = f"the line has what nobody sees: {' '.join(map(spelt, unseen))}"
            yield Complaint(
                what=what, remedy="take it out, or write it as text: \\u202e", line=line.number
            )
        if _is_markup(line.text):
            what = "the line begins with HTML, which may hide what follows"
            yield Complaint(
                what=what, remedy="write Markdown, or put it between ```", line=line.number
            )


def extent(section: Section) -> int:
    """Return how many characters a section has."""
    return sum(len(line.raw) + 1 for line in section.lines)


def _is_markup(text: str) -> bool:
    begin = text.lstrip()[:2]
    return begin[:1] == "<" and (begin[1:] in {"/", "!", "?"} or begin[1:].isalpha())
