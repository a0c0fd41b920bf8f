"""Which earlier result may answer for a gate that would be tried on the same again."""

from collections.abc import Iterable

from msgspec.structs import replace

from pmrunnerd.model.gates import Gate, GateResult, GateRun, Verdict, Where
from pmrunnerd.model.quantities import span
from pmrunnerd.rules.gates import digests


def answer(
    gate: Gate, inputs: str, preparation: str, earlier: Iterable[GateRun], now: float
) -> GateResult | None:
    """Return what an earlier gate run found of the same, naming that run and its age; None where none did.

    `inputs` and `preparation` are the digests of what it would be tried on. Only a gate that declares its
    inputs is answered for, because only then somebody said what it depends on; and none with the network,
    which is among nobody's inputs.
    """
    if not gate.inputs or gate.network or gate.runs is Where.ATTESTED:
        return None
    for run, result in _latest_first(earlier, gate, inputs):
        if (
            result.verdict is Verdict.PASSED
            and result.preparation == preparation
            and not result.signed_by
            and not result.answered_by
        ):
            age = span(max(0.0, now - result.started))
            return replace(
                result, answered_by=run.id, why=f"as in {run.id}, {age} ago: {result.why}"
            )
    return None


def attested(gate: Gate, source: str, inputs: str, earlier: Iterable[GateRun]) -> GateResult | None:
    """Return what a person attested of a gate for this very source; None where nobody did.

    The latest one holds: who attested that it passed may attest that it failed after all.
    """
    for run, result in _latest_first(earlier, gate, inputs):
        if run.source == source and result.signed_by and not result.answered_by:
            return replace(result, answered_by=run.id)
    return None


def _latest_first(
    earlier: Iterable[GateRun], gate: Gate, inputs: str
) -> list[tuple[GateRun, GateResult]]:
    definition = digests.definition(gate)
    found = [
        (run, result)
        for run in earlier
        for result in run.results
        if (result.gate, result.definition, result.inputs) == (gate.name, definition, inputs)
    ]
    return sorted(found, key=lambda pair: pair[1].started, reverse=True)
