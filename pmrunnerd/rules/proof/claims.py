"""What a statement claims of a gate run, drawn from its record; drawn again, it must be the same."""

import hashlib
from typing import Final

import msgspec

from pmrunnerd.model.gates import NO_TESTS, GateResult, GateRun, Verdict
from pmrunnerd.model.statement import GateClaim, GatesClaim

LARGEST: Final = 16 << 20


class BadRecord(ValueError):
    """It is no record of a gate run; the text says why."""


def read(data: bytes) -> GateRun:
    """Read a record. Raises BadRecord."""
    try:
        return msgspec.json.decode(data, type=GateRun)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise BadRecord(f"it is no record of a gate run: {exc}") from exc


def claims(record: bytes, *, weaker: str = "", weaker_by: str = "") -> GatesClaim:
    """Return what may be claimed of a gate run, by its record. Raises BadRecord."""
    run = read(record)
    return GatesClaim(
        run=run.id,
        definitions=run.definitions,
        record=hashlib.sha256(record).hexdigest(),
        results=tuple(map(_claim, run.results)),
        weaker=weaker,
        weaker_by=weaker_by,
    )


def _claim(result: GateResult) -> GateClaim:
    tests = result.tests
    return GateClaim(
        name=result.gate,
        verdict=result.verdict,
        definition=result.definition,
        log=result.log,
        tests=tests.ran if tests else None,
        failed=tests.failed if tests else 0,
        skipped=tests.skipped if tests else 0,
        answered_by=result.answered_by,
        signed_by=result.signed_by,
    )


def unmet(run: GateRun, *, source: str, tree: str) -> list[str]:
    """Return everything that keeps a gate run from saying that this content is good."""
    found = []
    if run.source != source:
        found.append(f"gate run {run.id} was of source {run.source[:12]}, not {source[:12]}")
    if run.build != tree:
        was = f"tree {run.build[:12]}" if run.build else "no tree"
        found.append(f"gate run {run.id} was given {was}, not {tree[:12]}")
    if run.ended is None:
        found.append(f"gate run {run.id} is not over")
    if not run.gates.gates:
        found.append("no gate is declared")
    names = [result.gate for result in run.results]
    for gate in run.gates.gates:
        results = [result for result in run.results if result.gate == gate.name]
        if len(results) != 1:
            found.append(f"{gate.name} has {len(results) or 'no'} result{'s' * (len(results) > 1)}")
        elif (verdict := results[0].verdict) is not Verdict.PASSED:
            found.append(f"{gate.name}: {verdict}")
        elif gate.tests != NO_TESTS and not _tested(results[0]):
            found.append(f"{gate.name} passed without a test")
    declared = {gate.name for gate in run.gates.gates}
    found += [f"{name} is no gate of it" for name in names if name not in declared]
    return found


def _tested(result: GateResult) -> bool:
    return result.tests is not None and result.tests.ran > 0 and not result.tests.failed
