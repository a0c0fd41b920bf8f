"""The sections of EVIDENCE.md, each found by the source digest in its heading.

    ## <source digest> <title>

    Commit `<id>`

    ### What changed
    #### <area>
    ### What was tried beyond the gates
    ### What was not tried
    ### Gates

Below these headings people write what they like, in the order that they like. A section ends where another
heading of its level, or a higher one, begins. What stands in code or in a comment is no heading.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pmrunnerd.rules.evidence import lines as md
from pmrunnerd.rules.evidence.lines import Line
from pmrunnerd.rules.evidence.words import plain, seen

CHANGED: Final = "What changed"
TRIED: Final = "What was tried beyond the gates"
UNTRIED: Final = "What was not tried"
GATES: Final = "Gates"
PARTS: Final = (CHANGED, TRIED, UNTRIED, GATES)

LEVEL: Final = 2  # of a section; its parts are one below, the areas two
DIGEST: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_COMMIT: Final = re.compile(
    r"[\W_]*commit[\W_]+(?P<id>[0-9a-f]{40}(?:[0-9a-f]{24})?)\b.*", re.IGNORECASE
)
_AROUND: Final = " \t`*_:-–—"  # a digest, in the heading of a section
_BY_PLAIN: Final[Mapping[str, str]] = {plain(part): part for part in PARTS}


class Section(NamedTuple):
    """One section: its lines, what they say below which heading, and where each heading stands."""

    digest: str
    title: str
    commit: str
    lines: list[Line]
    parts: dict[str, list[Line]]
    areas: dict[str, list[Line]]

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.lines[0].number

    def where(self, heading: str) -> int:
        """Return the line of a part or an area; of the section, where it has none such."""
        found = self.parts.get(heading) or self.areas.get(heading)
        return found[0].number if found else self.line


def sections(lines: Iterable[Line]) -> list[Section]:
    """Return the sections of a text in the order in which they stand."""
    found: list[list[Line]] = []
    is_inside = False
    for line in lines:
        if line.level and line.level <= LEVEL:
            is_inside = line.level == LEVEL and bool(DIGEST.search(seen(line.text)))
            if is_inside:
                found.append([])
        if is_inside:
            found[-1].append(line)
    return [_section(one) for one in found]


def _section(lines: list[Line]) -> Section:
    heading = seen(lines[0].text)
    (digest, *_) = DIGEST.findall(heading)
    parts: dict[str, list[Line]] = {}
    areas: dict[str, list[Line]] = {}
    commit = ""
    part = ""
    into: list[Line] = []
    for line in lines[1:]:
        if line.level == LEVEL + 1:
            part = _BY_PLAIN.get(plain(line.text), line.text)
            into = parts.setdefault(part, [])
        elif line.level == LEVEL + 2 and part == CHANGED:
            into = areas.setdefault(line.text.strip("`* \t").removesuffix(":").strip("`* \t"), [])
        elif not parts and not commit and (named := _COMMIT.fullmatch(seen(line.text))):
            commit = named["id"]
        into.append(line)
    title = heading.replace(digest, "", 1).strip(_AROUND)
    return Section(digest, title, commit, lines, parts, areas)


def below(lines: list[Line]) -> list[str]:
    """Return what stands below a heading, as it is read."""
    return [line.text for line in lines if not line.level]


def of_text(text: str) -> list[Section]:
    """Return the sections of a text as it stands in a file."""
    return sections(md.read(text).lines)
