"""What is wrong with the evidence of a content: all of it at once, each with what mends it.

It is a check of texts. Whether what a section says is true is for the person who reads and approves it.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from pmrunnerd.model.evidence import Account, Found
from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.views import Complaint
from pmrunnerd.rules.evidence import sections as s
from pmrunnerd.rules.evidence import table
from pmrunnerd.rules.evidence.placing import SECTION_LIMIT, extent, place
from pmrunnerd.rules.evidence.seal import seal
from pmrunnerd.rules.evidence.sections import Section, below
from pmrunnerd.rules.evidence.template import MARK, heading, hints, marks
from pmrunnerd.rules.evidence.words import WORDS, is_sentence, plain, sentences

SYNTACTIC: Final = "looked at as text: whether it is true is for whoever approves it"
_IDENTIFIER: Final = re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{7,64}\b")
_SHORT: Final = 12
_MANY: Final = 100  # complaints, and the rest are counted


class Checked(NamedTuple):
    """A section as it was found, and all that is wrong with it."""

    section: Section | None
    complaints: tuple[Complaint, ...]

    @property
    def seal(self) -> str:
        """What whoever approves it approves; empty where there is none."""
        return seal(self.section) if self.section else ""


def check(
    found: Found, account: Account, record: GateRun | None, *, compares: bool = True
) -> Checked:
    """Hold what was found against what is known of a content.

    `record` is the gate run of it; where nobody here can know of one, nothing `compares`.
    """
    placed = place(found, account.source, account.misplaced)
    section = placed.section
    if section is None or extent(section) > SECTION_LIMIT:
        return Checked(section, tuple(placed.complaints))
    wrong = [
        *placed.complaints,
        *_head(section, account),
        *_places(section),
        *_areas(section, account, placed.others),
        *_parts(section, account),
        *_gates(section, account, record, compares=compares),
    ]
    return Checked(section, tuple(_cut(sorted(wrong, key=lambda one: one.line))))


def _cut(wrong: list[Complaint]) -> Iterator[Complaint]:
    yield from wrong[:_MANY]
    if (more := len(wrong) - _MANY) > 0:
        yield Complaint(what=f"{more} more things are wrong", remedy="mend these, and look again")


def _head(section: Section, account: Account) -> Iterator[Complaint]:
    if not plain(section.title):
        yield Complaint(
            what="the section has no title", remedy=f"## {section.digest} TITLE", line=section.line
        )
    remedy = f"Commit `{account.commit}`   below its heading"
    if not section.commit:
        yield Complaint(what="the section names no commit", remedy=remedy, line=section.line)
    elif section.commit not in account.commits:
        what = f"it names commit {section.commit[:_SHORT]}, whose content is not known to be this"
        yield Complaint(what=what, remedy=remedy, line=section.line)


def _places(section: Section) -> Iterator[Complaint]:
    for line in section.lines:
        for name in marks(line.text):
            what = f"the place {name} is still to be completed"
            yield Complaint(
                what=what, remedy="write it, in the place of the whole mark", line=line.number
            )


class _Said:
    """Sentences that are nobody's own, each with whose it is."""

    def __init__(self, account: Account) -> None:
        self._whose: dict[str, str] = {}
        for made in account.made:
            self.add(
                [made.subject, *sentences([made.subject])], f"the subject of {made.commit[:_SHORT]}"
            )
        self.add(hints(account), "the template's own")

    def add(self, texts: list[str], whose: str) -> None:
        for one in texts:
            self._whose.setdefault(_key(one), whose)

    def whose(self, text: str) -> str:
        """Return whose a sentence is; empty where it may be its own."""
        return self._whose.get(_key(text), "")


def _key(text: str) -> str:
    return " ".join(_IDENTIFIER.sub("", plain(text)).split())


def _areas(section: Section, account: Account, others: list[Section]) -> Iterator[Complaint]:
    said = _Said(account)
    texts = {name: sentences(below(lines)) for name, lines in section.areas.items()}
    for other in others:
        for name, lines in other.areas.items():
            whose = f"that of {name} in the section of {other.digest[:_SHORT]}"
            said.add([one for one in sentences(below(lines)) if is_sentence(one)], whose)
    for area in account.changed:
        name = heading(area.name)
        if name not in texts:
            what = f"{name} changed ({area.files} of its files), and nothing is said of it"
            yield Complaint(
                what=what,
                remedy=f"#### {name}   below ### {s.CHANGED}, and what somebody could notice",
                line=section.where(s.CHANGED),
            )
            continue
        beside = {
            _key(one): other for other, text in texts.items() if other != name for one in text
        }
        why = _lacking(texts[name], said, beside)
        if why:
            remedy = "say what changed there and what somebody could notice, in your own words"
            what = f"{name} changed, and has no sentence of its own: {why}"
            yield Complaint(what=what, remedy=remedy, line=section.where(name))


def _lacking(texts: list[str], said: _Said, beside: dict[str, str]) -> str:
    """Return why no sentence of some is one's own; empty where one is."""
    why = ""
    for one in texts:
        if MARK.search(one):
            why = why or "its place is still to be completed"
        elif whose := said.whose(one):
            why = why or f"what is there is {whose}"
        elif other := beside.get(_key(one), ""):
            why = why or f"{other} has the same"
        elif is_sentence(one):
            return ""
    return why or f"a sentence has {WORDS} words"


def _parts(section: Section, account: Account) -> Iterator[Complaint]:
    said = _Said(account)
    for part in (s.TRIED, s.UNTRIED):
        if part not in section.parts:
            what = f"it does not say {part[0].lower()}{part[1:]}"
            yield Complaint(what=what, remedy=f"### {part}", line=section.line)
        elif why := _lacking(sentences(below(section.parts[part])), said, {}):
            what = f"{part} is not said: {why}"
            remedy = "say it in a sentence, also where it is nothing"
            yield Complaint(what=what, remedy=remedy, line=section.where(part))


def _gates(
    section: Section, account: Account, record: GateRun | None, *, compares: bool
) -> Iterator[Complaint]:
    lines = section.parts.get(s.GATES)
    run = f"pmrunnerctl gate run --all --commit {account.commit}"
    if lines is None:
        yield Complaint(
            what="it has no gate table",
            remedy=f"### {s.GATES}   as pmrunnerctl evidence write --print has it",
            line=section.line,
        )
    elif not compares:
        rows, _, wrong = table.read(lines)
        yield from wrong
        if not rows:
            what = "the gate table has no gate"
            yield Complaint(what=what, remedy=run, line=section.where(s.GATES))
    elif record is None:
        what = "no gate was run for this content"
        yield Complaint(what=what, remedy=run, line=section.where(s.GATES))
    elif record.source != account.source:
        what = f"gate run {record.id} is of other content: {record.source}"
        yield Complaint(what=what, remedy=run, line=section.where(s.GATES))
    else:
        yield from table.compared(lines, record)
