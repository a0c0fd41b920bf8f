"""Gate runs as people are shown them: all that are remembered, or one with its record."""

from collections import Counter
from collections.abc import Iterator

from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.gates import Gating
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules.gates import conduct, waiting


def gate_list(desk: Desk, request: p.GateList) -> v.GateTable:
    state = desk.store.state
    project = None if request.project is None else state.project(request.project).id
    found = [g for g in state.gatings.values() if project in {None, g.project}]
    if request.before is not None:
        found = [g for g in found if number(g.id) < number(request.before)]
    found.sort(key=lambda one: number(one.id), reverse=True)
    page = found[: request.limit]
    more = page[-1].id if len(found) > request.limit else None
    return v.GateTable(runs=tuple(_row(desk, gating) for gating in page), before=more)


def gate_show(desk: Desk, request: p.GateShow) -> v.GateView:
    state = desk.store.state
    gating = state.gating(request.run)
    return v.GateView(row=_row(desk, gating), run=gating)


def items(state: State) -> Iterator[v.InboxItem]:
    """Yield the gate runs that wait for somebody to know of them."""
    for gating in waiting.waiting(state):
        yield v.InboxItem(
            kind="gates",
            id=gating.id,
            project=gating.project,
            alias=state.projects[gating.project].alias,
            task="",
            text=waiting.told(gating),
            options=(),
            at=gating.at,
            command=f"pmrunnerctl gate show {gating.id}",
        )


def _row(desk: Desk, gating: Gating) -> v.GateRow:
    state, record = desk.store.state, gating.record
    return v.GateRow(
        id=gating.id,
        alias=state.projects[gating.project].alias,
        state=gating.state,
        asked=gating.asked,
        at=gating.at,
        by=gating.by,
        commit=record.commit if record else gating.commit,
        gates=len(record.wanted) if record else len(gating.names),
        verdicts=dict(Counter(str(one.verdict) for one in record.results)) if record else {},
        passed=conduct.has_passed(gating),
        whole=conduct.is_whole(record) if record else not (gating.names or gating.preparing),
        reason=gating.reason,
        preparing=gating.preparing,
        building=gating.id in desk.building,
    )
