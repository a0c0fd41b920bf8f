"""Which gates may start now, and which never will: what needs a gate waits for it, all else goes side by side."""

from collections.abc import Iterable, Mapping, Set
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.gates import Gate, GateSet, Verdict, Where

UNATTESTED: Final = "nobody has attested it for this content"


class Next(Struct, frozen=True, kw_only=True):
    """What to do now: gates to start, gates to record as skipped with the reason, or nothing ever again."""

    start: tuple[Gate, ...] = ()
    skip: tuple[tuple[Gate, str], ...] = ()
    over: bool = False


def wanted(gates: GateSet, names: Iterable[str]) -> tuple[str, ...]:
    """Return the gates of these names and all that they need, in the order of declaration; no name is all."""
    known = {gate.name: gate for gate in gates.gates}
    left, found = list(names) or list(known), set[str]()
    while left:
        name = left.pop()
        if name not in known:
            raise NotFound(
                f"cannot run gate {name[:60]}: {gates.source} declares {', '.join(known)}",
                hint="pmrunnerctl gate list",
            )
        if name not in found:
            found.add(name)
            left += known[name].needs
    return tuple(name for name in known if name in found)


def order(
    gates: GateSet,
    wanted: Iterable[str],
    results: Mapping[str, Verdict],
    running: Set[str],
    at_once: int,
) -> Next:
    """Say what to do, given what came of gates so far and which are under way.

    Whoever asks records what is skipped, starts what may, and asks again when one of them has ended.
    """
    asked = set(wanted)
    waiting = [
        gate
        for gate in gates.gates
        if gate.name in asked and gate.name not in results and gate.name not in running
    ]
    gone = dict(results)
    skip: list[tuple[Gate, str]] = []
    # Until nothing more is lost: what is declared first may need what is declared last.
    while lost := [(gate, why) for gate in waiting if (why := _lost(gate, gone))]:
        skip += lost
        gone |= {gate.name: Verdict.SKIPPED for gate, _ in lost}
        waiting = [gate for gate in waiting if gate.name not in gone]
    free = max(0, at_once - len(running))
    ready = [gate for gate in waiting if all(need in gone for need in gate.needs)]
    return Next(start=tuple(ready[:free]), skip=tuple(skip), over=not (waiting or running))


def _lost(gate: Gate, results: Mapping[str, Verdict]) -> str:
    for need in gate.needs:
        verdict = results.get(need, Verdict.PASSED)
        if verdict is not Verdict.PASSED:
            return f"it needs {need}, {_WAS[verdict]}"
    if gate.runs is Where.ATTESTED and all(need in results for need in gate.needs):
        return UNATTESTED
    return ""


_WAS: Final[Mapping[Verdict, str]] = {
    Verdict.FAILED: "which failed",
    Verdict.TIMED_OUT: "which took too long",
    Verdict.KILLED: "which was killed",
    Verdict.CANNOT_START: "which could not start",
    Verdict.NO_TESTS: "which ran no tests",
    Verdict.ALTERED: "which changed what it was to judge",
    Verdict.SKIPPED: "which was skipped",
    Verdict.CANCELLED: "which was cancelled",
}
