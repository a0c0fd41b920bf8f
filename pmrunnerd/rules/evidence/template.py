"""A section as it is written first: what is known, and marked places for what only who looked can say."""

import re
from collections.abc import Iterator
from typing import Final

from pmrunnerd.model.evidence import Account, Area, Made
from pmrunnerd.model.gates import GateRun
from pmrunnerd.rules.evidence import sections as s
from pmrunnerd.rules.evidence import table
from pmrunnerd.rules.evidence.lines import split
from pmrunnerd.rules.evidence.words import spelt

MARK: Final = re.compile(r"\[\s*TO\s+COMPLETE\s*[:\]]?\s*(?P<name>[^:\]]*)", re.IGNORECASE)
_CODE: Final = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
MADE_BY: Final = "Commits"
TITLE: Final = "a title in the words of whoever looked"
TRIED: Final = "what was tried beyond the gates, on what, and what was seen; the command and its output where that is short"
UNTRIED: Final = "what was not tried, and what would show it"
NO_GATES: Final = "No gate was run for this content."
_LISTED: Final = 50
_SHORT: Final = 12


def template(account: Account, record: GateRun | None) -> str:
    """Return the section of a content, to be completed."""
    return "\n".join(_lines(account, record)) + "\n"


def _lines(account: Account, record: GateRun | None) -> Iterator[str]:
    yield f"## {account.source} {place('title', TITLE)}"
    yield from ("", f"Commit `{account.commit}`")
    yield from ("", f"### {s.CHANGED}")
    since = f"since `{account.base[:_SHORT]}`" if account.base else "the first of its kind"
    if not account.changed:
        yield from ("", f"No file, {since}.")
    for area in account.changed:
        yield from ("", f"#### {heading(area.name)}", "", place(area.name, hint_of(area)))
    yield from ("", f"### {s.TRIED}", "", place("tried", TRIED))
    yield from ("", f"### {s.UNTRIED}", "", place("untried", UNTRIED))
    yield from ("", f"### {s.GATES}", "")
    if record is None:
        yield NO_GATES
    else:
        yield f"Gate run `{record.id}`, definitions `{record.definitions[:_SHORT]}`."
        yield ""
        yield from table.printed(table.rows(record))
    if account.made:
        yield from ("", f"### {MADE_BY}", "")
        yield from map(_made, account.made[:_LISTED])
        if len(account.made) > _LISTED:
            yield f"- and {len(account.made) - _LISTED} more"


def place(name: str, hint: str) -> str:
    """Return the mark of a place that somebody completes."""
    return f"[TO COMPLETE {heading(name)}: {hint}]"


def hint_of(area: Area) -> str:
    """Return what is asked of an area."""
    files = "1 file" if area.files == 1 else f"{area.files} files"
    most = "" if area.files == 1 else f", most in {heading(area.most)}"
    lines = f"{files}, +{area.added} -{area.removed}{most}"
    return f"what changed, and what somebody could notice; {lines}"


def hints(account: Account) -> list[str]:
    """Return all that the template says itself where somebody else is to say something."""
    return [TITLE, TRIED, UNTRIED, NO_GATES, *map(hint_of, account.changed)]


def heading(text: str) -> str:
    """Return a name as it stands in a heading or a mark: one line, and no mark of its own."""
    return re.sub(r"[\[\]`*<>:]|(?<= )#+$", "?", " ".join(spelt(text).split()))


def _made(made: Made) -> str:
    by = ", ".join(filter(None, (made.task, made.run)))
    return f"- `{made.commit[:_SHORT]}` {_code(made.subject)}{f' ({by})' if by else ''}"


def _code(text: str) -> str:
    """Return a text of somebody else's as code, which it cannot leave."""
    said = (
        " ".join(spelt(text).split()).replace("<!--", "<! --").replace("-->", "-- >")
        or "no subject"
    )
    longest = max((len(run) for run in re.findall(r"`+", said)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {said} {fence}" if longest else f"`{said}`"


def marks(text: str) -> Iterator[str]:
    """Yield the name of each place of a line that is still to be completed."""
    # What is code is a commit's subject, say, and nobody's to complete.
    for found in MARK.finditer(_CODE.sub("", text)):
        yield found["name"].strip() or "without a name"


def inserted(text: str, section: str) -> str:
    """Return the text of EVIDENCE.md with one more section, before all others."""
    there = s.of_text(text)
    lines = split(text)
    if there:
        at = there[0].line - 1
        lines[at:at] = section.split("\n")
    else:
        above = text.rstrip() or "# Evidence"
        lines = split(f"{above}\n\n{section}")
    return ("\r\n" if "\r\n" in text else "\n").join(lines)
