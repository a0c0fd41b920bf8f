"""What a set of gates asks less of a commit than another one did: each such difference in words.

A commit can change its own gates. So what runs now is compared with what it is to replace, and a person
accepts the whole list by its digest, or nobody does.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.gates import (
    NO_TESTS,
    Counted,
    Difference,
    Differences,
    Gate,
    GateRun,
    GateSet,
    Preparation,
    Where,
)
from pmrunnerd.rules.gates import digests

# So many of each hundred tests may go unnoticed; one more is a difference.
SLACK: Final = 10
_PREPARE: Final = "gates-prepare"


def counts(run: GateRun) -> dict[str, Counted]:
    """Return how many tests each gate of a gate run had."""
    return {one.gate: one.tests for one in run.results if one.tests is not None}


def as_tried(run: GateRun) -> GateSet:
    """Return the gates of a gate run, those that a person attested as such, whatever they declare."""
    signed = {one.gate for one in run.results if one.signed_by}
    gates = tuple(
        replace(gate, runs=Where.ATTESTED) if gate.name in signed else gate
        for gate in run.gates.gates
    )
    return replace(run.gates, gates=gates)


def weaker(
    before: GateSet,
    now: GateSet,
    had: Mapping[str, Counted] | None = None,
    has: Mapping[str, Counted] | None = None,
) -> Differences:
    """Compare a set of gates with the one before it, and the tests that they had and have."""
    there = {gate.name: gate for gate in now.gates}
    found = list(_preparation(before.prepare, now.prepare))
    for gate in before.gates:
        if gate.name not in there:
            found.append(
                Difference(gate=gate.name, words=f"gate {gate.name} is gone", before=gate.command)
            )
            continue
        found += _gate(gate, there[gate.name])
        found += _tests(gate, (had or {}).get(gate.name), (has or {}).get(gate.name))
    found.sort(key=lambda one: (one.gate, one.words))
    digest = digests.of("differences", [digests.said(one) for one in found])
    return Differences(digest=digest, found=tuple(found))


def _gate(before: Gate, now: Gate) -> Iterator[Difference]:
    name = before.name

    def differs(words: str, was: str = "", is_: str = "") -> Difference:
        return Difference(gate=name, words=f"gate {name} {words}", before=was, now=is_)

    if before.command != now.command:
        yield differs("has another command", before.command, now.command)
    if before.tests != NO_TESTS and now.tests == NO_TESTS:
        yield differs("counts no tests any more", before.tests, now.tests)
    if now.network and not before.network:
        yield differs("may use the network")
    if now.runs is not before.runs and before.runs is not Where.ATTESTED:
        how = (
            "is attested by a person, and tried no more"
            if now.runs is Where.ATTESTED
            else "runs elsewhere"
        )
        yield differs(how, before.runs, now.runs)
    if gone := [need for need in before.needs if need not in now.needs]:
        yield differs(f"needs {', '.join(gone)} no more")
    if _narrower(before.inputs, now.inputs):
        yield differs(
            "may depend on less, or on something else", *_lists(before.inputs, now.inputs)
        )


def _tests(gate: Gate, had: Counted | None, has: Counted | None) -> Iterator[Difference]:
    if had is None or has is None:
        return
    if has.ran * 100 <= had.ran * (100 - SLACK) and has.ran < had.ran:
        less = 100 - has.ran * 100 // had.ran
        words = f"gate {gate.name} ran {has.ran} tests, {less} % fewer than {had.ran}"
        yield Difference(gate=gate.name, words=words, before=str(had.ran), now=str(has.ran))


def _preparation(before: Preparation | None, now: Preparation | None) -> Iterator[Difference]:
    # What gates stand on may be what decides: a test runner that passes everything.
    was, is_ = before.command if before else "", now.command if now else ""
    if was != is_:
        words = (
            "what gates need is prepared by another command"
            if was and is_
            else (
                "nothing prepares what gates need any more"
                if was
                else "what gates need is prepared first"
            )
        )
        yield Difference(gate=_PREPARE, words=words, before=was, now=is_)
    elif before and now and _narrower(before.inputs, now.inputs):
        first, second = _lists(before.inputs, now.inputs)
        words = "what is prepared may depend on less, or on something else"
        yield Difference(gate=_PREPARE, words=words, before=first, now=second)


def _narrower(before: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Tell whether something may be left out that was in; without patterns everything is in."""
    if before == now or not now:
        return False
    # Something is only ever taken back by `!`; more patterns without it take more.
    takes_back = any(pattern.startswith("!") for pattern in (*before, *now))
    return not before or takes_back or not set(before) <= set(now)


def _lists(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, str]:
    return " ".join(before) or "everything", " ".join(now)
