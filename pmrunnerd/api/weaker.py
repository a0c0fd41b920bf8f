"""What the gates of a gate run ask less than those before it, and that a person accepts that."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Gating, GatingState
from pmrunnerd.model.views import WeakerView
from pmrunnerd.rules.gates import conduct, weaker
from pmrunnerd.rules.gates.latest import good_before


async def gate_weaker(desk: Desk, _: Caller, request: p.GateWeaker) -> WeakerView:
    return await compared(desk, desk.store.state.gating(request.run))


async def gate_accept(desk: Desk, caller: Caller, request: p.GateAccept) -> p.Done:
    gating = desk.store.state.gating(request.run)
    found = await compared(desk, gating)
    # No await from the look to the record of it.
    state = desk.store.ahead
    project = state.project(gating.project)
    try:
        facts = conduct.accept(state, project, found.differences, request.digest, caller.name)
    except Refused as exc:
        raise Refused(str(exc), hint=f"pmrunnerctl gate weaker {gating.id}") from exc
    await desk.store.commit(*facts)
    return p.Done(id=gating.id)


async def compared(desk: Desk, gating: Gating) -> WeakerView:
    """Return what a gate run asks less than those before it. Raises Refused."""
    project = desk.store.state.project(gating.project)
    runs = await desk.running.gated(project)
    record = gating.record
    if record is None or gating.preparing or gating.state is not GatingState.ENDED:
        raise Refused(
            f"cannot compare the gates of {gating.id}: they were not all tried",
            hint=f"pmrunnerctl gate show {gating.id}",
        )
    if runs is None and (good := good_before(desk.store.state, gating)) is not None:
        runs = f"gate run {good.id}", good
    name, before = runs or ("", record)
    differences = weaker.weaker(
        weaker.as_tried(before),
        weaker.as_tried(record),
        weaker.counts(before),
        weaker.counts(record),
    )
    accepted = desk.store.state.accepted.get(f"{project.id} {differences.digest}")
    return WeakerView(
        run=gating.id,
        alias=project.alias,
        before=name,
        differences=differences,
        accepted=accepted.by if accepted and differences.found else "",
    )


WEAKER: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.GateWeaker: gate_weaker,
    p.GateAccept: gate_accept,
}
