"""Gate runs as a daemon shows them."""

from typing import Any

from msgspec.structs import replace

from pmrunnerd.model import views as v
from pmrunnerd.model.gates import Gating, GatingState, Verdict
from tests.unit.rules.gates.tries import RECORD, result

AT = "2026-11-24T11:30:05.000Z"
RESULTS = (
    result("lint", why="exit status 0; it declares no tests"),
    result("unit", Verdict.FAILED, seconds=75.0, why="exit status 1", log="gates/g1/unit.log"),
)


def row(**others: Any) -> v.GateRow:
    plain = v.GateRow(
        id="g1",
        alias="demo",
        state=GatingState.ENDED,
        asked=AT,
        at=AT,
        by="anna",
        commit="c" * 40,
        gates=3,
        verdicts={"passed": 3},
        passed=True,
        whole=True,
    )
    return replace(plain, **others)


def view(**others: Any) -> v.GateView:
    run = Gating(
        id="g1",
        project="w1",
        state=GatingState.RUNNING,
        by="anna",
        asked=AT,
        at=AT,
        record=replace(RECORD, results=RESULTS),
        under_way=("lab",),
    )
    shown = row(state=GatingState.RUNNING, passed=False, verdicts={"passed": 1, "failed": 1})
    return replace(v.GateView(row=shown, run=run), **others)
