"""What whoever is to mend it is told of a gate run that did not pass: which gates, why, and their last lines."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from pmrunnerd.model import brief
from pmrunnerd.model.gates import Gate, GateResult, GateRun, Verdict
from pmrunnerd.rules.gates.conduct import is_a_persons

# So many gates are told of; of each so many lines of its log, and so many cases that failed.
MOST: Final = 20
LINES: Final = 60
CASES: Final = 20


class Heard(Struct, frozen=True, kw_only=True):
    """What a gate left: the end of its `log`, and the names of `cases` that failed. All of it is its own word."""

    log: str = ""
    cases: tuple[str, ...] = ()


def failing(record: GateRun) -> tuple[GateResult, ...]:
    """Return the results that are not good, those first of which others only are a consequence."""
    bad = [one for one in record.results if one.verdict is not Verdict.PASSED]
    return tuple(sorted(bad, key=lambda one: one.verdict is Verdict.SKIPPED))


def is_mendable(record: GateRun) -> bool:
    """Tell whether an agent can do something: not where all that is missing is a person's word."""
    bad = {one.gate: one for one in failing(record)}
    theirs = {gate.name for gate in record.gates.gates if is_a_persons(gate, bad.get(gate.name))}
    return bool(bad.keys() - _behind(record.gates.gates, theirs & bad.keys()))


def told(record: GateRun, heard: Mapping[str, Heard]) -> tuple[str, ...]:
    """Return what is said of each gate that did not pass: a line of ours, and what it left, cut."""
    bad = failing(record)
    said = [_told(one, heard.get(one.gate, Heard())) for one in bad[:MOST]]
    return (*said, *([f"and {len(bad) - MOST} more gates"] if len(bad) > MOST else []))


def _told(result: GateResult, heard: Heard) -> str:
    status = f", status {result.status}" if result.status is not None else ""
    tests = f", {result.tests.failed} of {result.tests.ran} tests" if result.tests else ""
    why = brief.cut(" ".join(result.why.split()), brief.FINDING)
    head = f"gate {result.gate}: {result.verdict}{status}{tests}" + (f": {why}" if why else "")
    cases = [brief.cut(" ".join(one.split()), brief.FINDING) for one in heard.cases[:CASES]]
    if len(heard.cases) > CASES:
        cases.append(f"and {len(heard.cases) - CASES} more")
    parts = [head, *(f"failed: {one}" for one in cases), *last(heard.log)]
    return "\n".join(parts)


def last(log: str) -> Sequence[str]:
    """Return the last lines of a log, of all together no more than a reason may have."""
    kept: list[str] = []
    left = brief.REASON
    for line in reversed(log.rstrip().splitlines()[-LINES:]):
        short = brief.cut(line, brief.FINDING)
        left -= len(short.encode(errors="replace")) + 1
        if left < 0:
            break
        kept.append(short)
    return kept[::-1]


def _behind(gates: Sequence[Gate], first: set[str]) -> set[str]:
    """Return gates, and those that need one of them, however far."""
    found = set(first)
    while more := {one.name for one in gates if found & set(one.needs)} - found:
        found |= more
    return found
