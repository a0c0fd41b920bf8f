"""What came of a gate, from what was written down of it to the result that is recorded."""

from msgspec.structs import replace

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.gates import NO_TESTS, Counted, Gate, GateResult
from pmrunnerd.rules.gates import digests, junit
from pmrunnerd.rules.gates.verdicts import verdict
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.record import Record, finish


def result(  # noqa: PLR0913 - all that a result tells of
    place: GatePlace,
    name: str,
    gate: Gate,
    *,
    inputs: str,
    started: float,
    cancelled: bool,
    refused: str = "",
) -> GateResult:
    """Return what came of a gate that is over; `refused` is why nothing could be asked of who tries it.

    A record that cannot be believed is none. Raises OSError where it cannot be read.
    """
    record, told = None, place.told(name)
    try:
        record = place.record(name)
    except PmError as exc:
        refused = str(exc)
    tests = _tests(place, gate, record)
    found = verdict(gate, finish(record, told, cancelled=cancelled, refused=refused), tests)
    known = GateResult(
        gate=gate.name,
        verdict=found.verdict,
        why=found.why,
        status=found.status,
        definition=digests.definition(gate),
        inputs=inputs,
        started=started,
        seconds=0.0,
    )
    return _with(known, record, tests) if record is not None else known


def _with(known: GateResult, record: Record, tests: Counted | str | None) -> GateResult:
    return replace(
        known,
        started=record.began or known.started,
        seconds=round(record.seconds, 3),
        cpu_seconds=record.used.cpu_seconds,
        peak_memory=record.used.peak_memory,
        tests=tests if isinstance(tests, Counted) else None,
        log=record.log,
        log_bytes=record.log_bytes,
    )


def _tests(place: GatePlace, gate: Gate, record: Record | None) -> Counted | str | None:
    if gate.tests == NO_TESTS or record is None:
        return None
    try:
        data = place.junit(record)
        return None if data is None else junit.count(data)
    except PmError as exc:
        return str(exc).partition(": ")[2] or str(exc)
