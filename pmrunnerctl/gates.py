"""Draws gate runs: all of them, one a line; one with its gates; and facts of one as they come."""

from collections.abc import Mapping
from typing import Final

from pmrunnerctl import amounts
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.states import state
from pmrunnerd.model import events as ev
from pmrunnerd.model.gates import NO_TESTS, Gate, GateResult, Gating, GatingState, Verdict, Where
from pmrunnerd.model.quantities import span
from pmrunnerd.model.views import GateRow, GateTable, GateView

_SHORT: Final = 12
_STYLES: Final[Mapping[str, str]] = {
    Verdict.PASSED: "green",
    Verdict.SKIPPED: "dim",
    Verdict.CANCELLED: "dim",
}


def table(screen: Screen, found: GateTable) -> None:
    """Write gate runs, one a line."""
    screen.table(
        ("GATE RUN", "PROJECT", "COMMIT", "STATE", "ASKED", "BY", "GATES"),
        [
            (
                row.id,
                row.alias,
                row.commit[:_SHORT] or "latest",
                _came_to(row),
                screen.ago(row.asked),
                row.by,
                row.reason.partition("\n")[0] or summary(row),  # what helps stands in `gate show`
            )
            for row in found.runs
        ],
    )


def draw(screen: Screen, view: GateView) -> None:
    """Write one gate run: what it was of, and a line for each gate."""
    row, run, record = view.row, view.run, view.run.record
    screen.pairs(
        [
            ("gate run", f"{run.id} of {row.alias}, asked for by {run.by or 'nobody'}"),
            ("state", _came_to(row)),
            ("reason", Cell(run.reason, "yellow")),
            ("now", _prepares(screen, run)),
            ("stopping", f"{run.cancelling} wants it cancelled" if run.cancelling else ""),
            ("asked", screen.when(run.asked)),
            ("gates", summary(row)),
            ("commit", row.commit or "the latest"),
            ("source", record.source if record else ""),
            ("built", record.build if record else ""),
            ("declared in", f"{record.gates.source}, {record.definitions}" if record else ""),
        ]
    )
    if record is not None:
        results = {one.gate: one for one in record.results}
        tried = [one for one in record.results if one.log and one.verdict is not Verdict.PASSED]
        wanted = [gate for gate in record.gates.gates if gate.name in record.wanted]
        screen.table(
            ("GATE", "VERDICT", "TOOK", "TESTS", "CPU", "MEMORY", "WHY"),
            [_line(run, gate, results.get(gate.name)) for gate in wanted],
            whole=True,
        )
        for one in tried:
            screen.line(f"log of {one.gate}: {one.log}", "dim")
        for one in tried:
            screen.next(f"pmrunnerctl gate log {run.id} {one.gate}")
    if run.state in {GatingState.QUEUED, GatingState.RUNNING}:
        screen.next(f"pmrunnerctl gate cancel {run.id}")
    else:
        screen.next(f"pmrunnerctl gate list --project {row.alias}")


def summary(row: GateRow) -> str:
    """Say how many gates came to what: `3 of 5 passed, 1 failed, 1 skipped`."""
    if row.preparing:
        return "none: only what they need is made"
    if not row.gates:
        return "all that it declares"
    passed = row.verdicts.get(Verdict.PASSED, 0)
    others = [f"{n} {name}" for name, n in row.verdicts.items() if name != Verdict.PASSED]
    part = "" if row.whole else "; not all that it declares"
    return ", ".join([f"{passed} of {row.gates} passed", *others]) + part


def tell(screen: Screen, fact: ev.AnyEvent) -> None:
    """Write what a fact says of a gate run that somebody waits for."""
    match fact:
        case ev.GateRunStarted(record=record):
            source = f"commit {record.commit[:_SHORT]}, source {record.source[:_SHORT]}"
            screen.line(f"{amounts.count(len(record.wanted), 'gate')} of {source}")
        case ev.GateStarted(gate=gate):
            screen.line(f"  {gate}: started", "dim")
        case ev.GateEnded(result=result):
            style = _STYLES.get(result.verdict, "red")
            said = f": {result.why}" if result.why else ""
            screen.line(f"  {result.gate}: {result.verdict}, {_took(result)}{said}", style)
        case ev.GateRunCancelRequested(by=by):
            screen.line(f"{by} wants it cancelled")
        case ev.GateRunRefused(reason=reason) | ev.GateRunInterrupted(reason=reason):
            screen.line(reason, "red")
        case _:
            pass


def _came_to(row: GateRow) -> Cell:
    if row.building:
        return Cell("builds what they judge", "cyan")
    if row.state is not GatingState.ENDED:
        return state(row.state)
    if row.preparing:
        return Cell("prepared", "green")
    if not row.passed:
        return Cell("failed", "red")
    return Cell("passed" if row.whole else "passed in part", "green")


def _prepares(screen: Screen, run: Gating) -> str:
    """Say that gates wait for what they need, which can take minutes and is no gate of the table."""
    record = run.record
    if run.state is not GatingState.RUNNING or record is None or not record.gates.prepare:
        return ""
    if run.under_way or record.results:
        return ""
    return screen.addressed(f"what they need is made: pmrunnerctl gate log {run.id} -f")


def _line(run: Gating, gate: Gate, result: GateResult | None) -> tuple[str | Cell, ...]:
    if result is None:
        how = "running" if gate.name in run.under_way else ""
        return (gate.name, state(how), "", "", "", "", "")
    return (
        gate.name,
        Cell(_verdict(gate, result), _STYLES.get(result.verdict, "red")),
        _took(result),
        _tests(gate, result),
        "" if result.cpu_seconds is None else f"{result.cpu_seconds:.1f} s",
        "" if result.peak_memory is None else amounts.size(result.peak_memory),
        result.why,
    )


def _verdict(gate: Gate, result: GateResult) -> str:
    """Return a verdict, and whose word it is where no gate was tried for it."""
    if result.signed_by:
        return f"{result.verdict}, attested by {result.signed_by}"
    if result.answered_by:
        return f"{result.verdict}, as in {result.answered_by}"
    return str(result.verdict) if gate.runs is not Where.HOST else f"{result.verdict}, on a host"


def _tests(gate: Gate, result: GateResult) -> str:
    if result.tests is not None:
        return str(result.tests.ran)
    return "none" if gate.tests == NO_TESTS else ""


def _took(result: GateResult) -> str:
    return span(result.seconds)
