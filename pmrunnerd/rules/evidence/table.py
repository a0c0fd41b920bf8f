"""The table of gates in a section: made of the records of a gate run, and held against them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pmrunnerd.model.gates import GateResult, GateRun
from pmrunnerd.model.quantities import span
from pmrunnerd.model.views import Complaint
from pmrunnerd.rules.evidence.lines import Line
from pmrunnerd.rules.evidence.words import spelt

HEAD: Final = ("gate", "verdict", "status", "tests", "time", "answered by", "log")
_SHORT: Final = 12  # digits of a digest in the table; the records have all of it
_CELLS: Final = re.compile(r"(?<!\\)\|")
_RULE: Final = re.compile(r":?-+:?")
_REMEDY: Final = "pmrunnerctl evidence write --print   # has the table as the records have it"

Rows = dict[str, tuple[str, ...]]


def rows(record: GateRun) -> Rows:
    """Return the table that a gate run makes, by gate, in the order of the gates."""
    results = {result.gate: result for result in record.results}
    names = [*record.wanted, *(name for name in results if name not in record.wanted)]
    return {_cell(name): _row(name, results.get(name)) for name in names}


def _row(name: str, result: GateResult | None) -> tuple[str, ...]:
    if result is None:
        return (_cell(name), "not run", "", "", "", "", "")
    counted = result.tests
    tests = "" if counted is None else str(counted.ran)
    if counted is not None and counted.failed:
        tests += f", {counted.failed} failed"
    if counted is not None and counted.skipped:
        tests += f", {counted.skipped} skipped"
    by = result.answered_by or (f"attested by {result.signed_by}" if result.signed_by else "")
    status = "" if result.status is None else str(result.status)
    cells = (name, result.verdict, status, tests, span(result.seconds), by, result.log[:_SHORT])
    return tuple(map(_cell, cells))


def _cell(text: str) -> str:
    """Return a text that neither ends its cell nor draws a link or a tag."""
    escaped = re.sub(r"([\\|`\[*_])", r"\\\1", " ".join(spelt(text).split()))
    return escaped.replace("<", "&lt;")


def printed(table: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a table."""
    every = [HEAD, *table.values()]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    yield _line(HEAD, widths)
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    for row in table.values():
        yield _line(row, widths)


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def read(lines: Iterable[Line]) -> tuple[Rows, dict[str, int], list[Complaint]]:
    """Return the rows of a table that stands in some lines, where each is, and what is wrong with it."""
    found: Rows = {}
    where: dict[str, int] = {}
    wrong: list[Complaint] = []
    for line in lines:
        cells = tuple(" ".join(one.split()) for one in _split(line.text))
        if not cells or cells == HEAD or all(map(_RULE.fullmatch, cells)):
            continue
        if len(cells) != len(HEAD):
            what = f"a row of the gate table has {len(cells)} cells and not {len(HEAD)}"
            wrong.append(Complaint(what=what, remedy=_REMEDY, line=line.number))
        elif cells[0] in found:
            what = f"gate {cells[0]} stands twice in the gate table"
            wrong.append(Complaint(what=what, remedy=_REMEDY, line=line.number))
        else:
            found[cells[0]], where[cells[0]] = cells, line.number
    return found, where, wrong


def _split(text: str) -> list[str]:
    # A row need not begin or end with a bar: what is shown as a table is held against the records.
    stripped = text.strip()
    if not _CELLS.search(stripped):
        return []
    return _CELLS.split(re.sub(r"(?<!\\)\|$", "", stripped.removeprefix("|")))


def compared(lines: list[Line], record: GateRun) -> Iterator[Complaint]:
    """Yield each difference between a table and the records."""
    begins = lines[0].number if lines else 0
    found, where, wrong = read(lines)
    yield from wrong
    recorded = rows(record)
    for gate, row in recorded.items():
        theirs = found.get(gate)
        if theirs is None:
            what = f"the gate table lacks {gate}, which is {row[1]} by the records"
            yield Complaint(what=what, remedy=_REMEDY, line=begins)
            continue
        for name, mine, other in zip(HEAD, row, theirs, strict=True):
            if mine != other:
                what = f"of gate {gate} the table says {name} {_said(other)}, the records {_said(mine)}"
                yield Complaint(what=what, remedy=_REMEDY, line=where[gate])
    for gate in found.keys() - recorded.keys():
        what = f"the gate table has {gate}, of which there is no record"
        yield Complaint(what=what, remedy=_REMEDY, line=where[gate])


def _said(cell: str) -> str:
    return cell or "nothing"
