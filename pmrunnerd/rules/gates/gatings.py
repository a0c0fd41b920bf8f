"""What facts do to gate runs; `evolve` has the table."""

from typing import Final

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import IllegalTransition
from pmrunnerd.model.gates import Acceptance, GateRecord, GateResult, Gating, GatingState
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules.counts import count
from pmrunnerd.rules.transitions import GATING, step

# So many gate runs of a project that are over are remembered; facts of all of them stay in the journal.
KEPT: Final = 50


def request(state: State, event: ev.GateRunRequested, at: str) -> None:
    count(state, event.gate_run)
    state.gatings[event.gate_run] = Gating(
        id=event.gate_run,
        project=event.project,
        state=GatingState.QUEUED,
        commit=event.commit,
        names=event.names,
        by=event.by,
        asked=at,
        at=at,
        preparing=event.preparing,
    )
    over = [g for g in state.gatings.values() if g.project == event.project and g.state.has_ended]
    for gating in sorted(over, key=lambda one: number(one.id))[:-KEPT]:
        del state.gatings[gating.id]


def move(state: State, event: ev.GateEvent, at: str) -> None:
    gating = state.gating(event.gate_run)
    if isinstance(event, ev.GateRunSeen):
        at = gating.at  # it is where it was
    moved = replace(gating, state=step(GATING, f"gate run {gating.id}", gating.state, event), at=at)
    match event:
        case ev.GateRunStarted(record=record):
            moved = replace(moved, record=record)
        case ev.GateRunRefused(reason=reason):
            moved = replace(moved, reason=reason)
        case ev.GateRunInterrupted(reason=reason):
            moved = replace(moved, reason=reason, under_way=())
        case ev.GateRunSeen(by=by):
            moved = replace(moved, seen=by or "somebody")
        case ev.GateRunCancelRequested(by=by):
            moved = replace(moved, cancelling=by or "somebody")
        case ev.GateRunCancelled(by=by):
            said = f"{by} cancelled it" if by else ""
            moved = replace(moved, reason=said, cancelling="", under_way=())
        case _:
            moved = _with_results(moved, event)
    state.gatings[gating.id] = moved


def accept(state: State, event: ev.DifferencesAccepted, at: str) -> None:
    key = f"{event.project} {event.digest}"
    state.accepted[key] = Acceptance(
        id=key, project=event.project, found=event.found, by=event.by, at=at
    )


def _with_results(gating: Gating, event: ev.GateEvent) -> Gating:
    record = gating.record
    assert record is not None, "a gate run that runs has a record"
    match event:
        case ev.GateStarted(gate=gate):
            _must(gating, gate not in gating.under_way and not _has(record, gate), gate)
            return replace(gating, under_way=(*gating.under_way, gate))
        case ev.GateEnded(result=result):
            _must(gating, not _has(record, result.gate), result.gate)
            left = tuple(gate for gate in gating.under_way if gate != result.gate)
            return replace(gating, under_way=left, record=_put(record, result))
        case ev.GateAttested(result=result):
            _must(gating, result.gate not in gating.under_way, result.gate)
            return replace(gating, record=_put(record, result))
        case ev.GateRunEnded(ended=ended):
            if missing := [gate for gate in record.wanted if not _has(record, gate)]:
                what = f"cannot end gate run {gating.id}: {', '.join(missing)} has no result"
                raise IllegalTransition(what, hint=f"pmrunnerctl gate show {gating.id}")
            return replace(gating, record=replace(record, ended=ended), cancelling="")
        case _:
            return gating


def _must(gating: Gating, holds: bool, gate: str) -> None:  # noqa: FBT001 - what must hold, in words where it is asked
    record = gating.record
    if holds and record is not None and gate in record.wanted:
        return
    raise IllegalTransition(
        f"cannot record gate {gate} of gate run {gating.id}: it is not wanted, or was recorded",
        hint=f"pmrunnerctl gate show {gating.id}",
    )


def _has(record: GateRecord, gate: str) -> bool:
    return any(result.gate == gate for result in record.results)


def _put(record: GateRecord, result: GateResult) -> GateRecord:
    others = tuple(one for one in record.results if one.gate != result.gate)
    return replace(record, results=(*others, result))
