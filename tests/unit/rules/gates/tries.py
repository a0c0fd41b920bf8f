"""A gate run at each moment of its life, told as facts, to start tests from."""

from typing import Any

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.gates import Gate, GateRecord, GateResult, GateSet, Verdict, Where
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve

AT = "2026-01-01T00:00:00.000Z"
LINT = Gate(name="lint", command="ruff check")
UNIT = Gate(name="unit", command="pytest", needs=("lint",), tests="j.xml")
LAB = Gate(name="lab", command="ssh lab", runs=Where.ATTESTED, tests="j.xml", needs=("lint",))
SET = GateSet(gates=(LINT, UNIT, LAB), source="pyproject.toml")
RECORD = GateRecord(
    id="g1",
    project="w1",
    commit="c" * 40,
    source="5" * 64,
    definitions="d" * 64,
    gates=SET,
    wanted=("lint", "unit", "lab"),
    started=1000.0,
)
REQUESTED = ev.GateRunRequested(gate_run="g1", project="w1", by="anna")
STARTED = ev.GateRunStarted(gate_run="g1", project="w1", record=RECORD)
OVER = ev.GateRunEnded(gate_run="g1", project="w1", ended=1100.0)
CANCELLED = ev.GateRunCancelled(gate_run="g1", project="w1", by="anna")
STOP = ev.GateRunCancelRequested(gate_run="g1", project="w1", by="anna")
REFUSED = ev.GateRunRefused(gate_run="g1", project="w1", reason="no such commit")
INTERRUPTED = ev.GateRunInterrupted(gate_run="g1", project="w1", reason="it is gone")


def result(gate: str, verdict: Verdict = Verdict.PASSED, **others: Any) -> GateResult:
    plain = GateResult(
        gate=gate, verdict=verdict, definition="d", inputs="i", started=1001.0, seconds=2.0
    )
    return replace(plain, **others)


def begun(gate: str) -> ev.GateStarted:
    return ev.GateStarted(gate_run="g1", project="w1", gate=gate)


def ended(gate: str, verdict: Verdict = Verdict.PASSED, **others: Any) -> ev.GateEnded:
    found = result(gate, verdict, **others)
    return ev.GateEnded(gate_run="g1", project="w1", result=found)


def attested(gate: str = "lab") -> ev.GateAttested:
    return ev.GateAttested(gate_run="g1", project="w1", result=result(gate, signed_by="root"))


def happened(*facts: ev.AnyEvent) -> State:
    state = State()
    added = ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo")
    for fact in (added, *facts):
        evolve(state, fact, AT)
    return state
