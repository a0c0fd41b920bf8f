"""Releases moved, by those who may: looked at, asked of root, and shown. Rules that are needed then are imported then (PLC0415)."""

import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.weaker import compared
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import BadRequest, PmError, Refused
from pmrunnerd.model.naming import number
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.promotions import Promotion
from pmrunnerd.model.state import State
from pmrunnerd.rules.promotion.looked import Looked
from pmrunnerd.rules.promotion.promotions import ready, waiting

# Where what was built of a commit is tried.
TRIES: Final = "dev"


async def check(desk: Desk, caller: Caller, request: p.PromotionCheck) -> v.PromotionPlan:
    from pmrunnerd.rules.promotion import prerequisites, wishes  # noqa: PLC0415

    project = wishes.runner(desk.store.state, request.project)
    looked = await _looked(desk, project, request.commit)
    found = prerequisites.checklist(desk.store.state, looked, request.approve)
    changes = v.ChangesView()
    if request.changes:
        changes = await desk.premises.changes(project, looked.commit)
    release, record = looked.release, looked.record
    return v.PromotionPlan(
        alias=project.alias,
        environment=desk.environment,
        commit=looked.commit,
        source=looked.source,
        checklist=found,
        ready=prerequisites.waits_for_approval(found) or not prerequisites.unmet(found),
        release=release.id if release else "",
        running=looked.running,
        seal=looked.evidence.seal if looked.evidence else "",
        section=looked.section,
        changes=changes,
        gates=record.results if record else (),
        weaker=looked.weaker,
        evidence=looked.evidence,
        level=looked.level,
        release_level=release.level if release else 0,
        restarts=(f"pm-runner@{desk.environment}.service",),
        allowed=caller.access is p.Access.ADMIN,
    )


async def promote(desk: Desk, caller: Caller, request: p.Promote) -> p.Done:
    from pmrunnerd.rules.promotion import prerequisites, wishes  # noqa: PLC0415

    wishes.must_be_long("promote", request.probation, desk.least_probation)
    if request.release:
        return await _upgrade(desk, caller, request)
    project = wishes.runner(desk.store.state, request.project)
    looked = await _looked(desk, project, request.commit)
    # No await from here to the record: what was looked at is judged by what is known now.
    state = desk.store.ahead
    looked = prerequisites.current(state, looked)
    release = looked.release.id if looked.release else "none"
    if (going := wishes.same(state, Deed.PROMOTE, release, caller.name)) is not None:
        return await _settled(desk, going)
    wish = _wish(desk, caller, request.probation)
    return await _asked(desk, wishes.promote(state, looked, request.approve, wish))


async def _upgrade(desk: Desk, caller: Caller, request: p.Promote) -> p.Done:
    from pmrunnerd.rules.promotion import wishes  # noqa: PLC0415

    wishes.must_be_prod(desk.environment, "promote")
    if request.project is not None or request.commit or request.approve:
        raise BadRequest(
            "cannot promote a release by its name and a commit at once",
            hint=f"pmrunnerctl promote --release {shlex.quote(request.release)}",
        )
    shelved = await desk.premises.shelved(desk.environment)
    state = desk.store.ahead
    if (going := wishes.same(state, Deed.UPGRADE, request.release, caller.name)) is not None:
        return await _settled(desk, going)
    wish = _wish(desk, caller, request.probation)
    return await _asked(desk, wishes.upgrade(state, shelved, request.release, wish))


async def rollback(desk: Desk, caller: Caller, request: p.Rollback) -> p.Done:
    from pmrunnerd.rules.promotion import wishes  # noqa: PLC0415

    wishes.must_be_prod(desk.environment, "rollback")
    wishes.must_be_long("rollback", request.probation, desk.least_probation)
    shelved = await desk.premises.shelved(desk.environment)
    state = desk.store.ahead
    # Once a rollback has switched, what ran before is another one: whoever asks again wants the opposite.
    release = request.release or shelved.previous
    if (going := wishes.same(state, Deed.ROLLBACK, release, caller.name)) is not None:
        return await _settled(desk, going)
    wish = _wish(desk, caller, request.probation)
    return await _asked(desk, wishes.rollback(state, shelved, request.release, wish))


async def attempt(desk: Desk, caller: Caller, request: p.Try) -> p.Done:
    from pmrunnerd.rules.promotion import wishes  # noqa: PLC0415

    wishes.must_be_prod(desk.environment, "try")
    project = wishes.runner(desk.store.state, request.project)
    looked = await desk.premises.look(project, request.commit)
    shelved = await desk.premises.shelved(TRIES)
    wish = _wish(desk, caller, request.probation)
    return await _asked(desk, wishes.attempt(desk.store.ahead, looked, shelved, wish))


async def resume(desk: Desk, _: Caller, __: p.PromotionResume) -> p.Done:
    going = desk.store.state.promoting
    if going is None:
        raise Refused(
            "cannot go on with a promotion: none is under way", hint="pmrunnerctl promotion list"
        )
    try:
        await desk.promoting.go_on(going)
    except TimeoutError as exc:
        raise PmError(f"cannot go on with promotion {going.id}: {exc}") from exc
    return p.Done(id=going.id)


def promotion_list(desk: Desk, request: p.PromotionList) -> v.PromotionTable:
    found = sorted(desk.store.state.promotions.values(), key=lambda one: -number(one.id))
    if request.before is not None:
        found = [one for one in found if number(one.id) < number(request.before)]
    page = found[: request.limit]
    more = page[-1].id if len(found) > request.limit else None
    return v.PromotionTable(promotions=tuple(_row(desk, one) for one in page), before=more)


def promotion_show(desk: Desk, request: p.PromotionShow) -> v.PromotionRow:
    return _row(desk, desk.store.state.promotion(request.promotion))


def items(state: State) -> Iterator[v.InboxItem]:
    """Yield the promotions of which somebody is to know, and what could be promoted."""
    for gating in ready(state):
        commit = gating.record.commit[:12] if gating.record else ""
        yield v.InboxItem(
            kind="promotion",
            id=gating.id,
            project=gating.project,
            alias=state.projects[gating.project].alias,
            task="",
            text=f"all gates of commit {commit} have passed: it can be promoted once its evidence is approved",
            options=(),
            at=gating.at,
            command=f"pmrunnerctl promote {state.projects[gating.project].alias} --dry-run",
        )
    for one in waiting(state):
        yield v.InboxItem(
            kind="promotion",
            id=one.id,
            project=one.project,
            alias=_alias(state, one),
            task="",
            text=f"{one.deed} of release {one.release} was {one.state.lower()}: {one.why}",
            options=(),
            at=one.at,
            command=f"pmrunnerctl promotion show {one.id}",
        )


def _row(desk: Desk, one: Promotion) -> v.PromotionRow:
    stuck = desk.promoting.stuck.get(one.id, "")
    return v.PromotionRow(promotion=one, alias=_alias(desk.store.state, one), stuck=stuck)


def _alias(state: State, one: Promotion) -> str:
    project = state.projects.get(one.project)
    return project.alias if project is not None else ""


async def _looked(desk: Desk, project: Project, named: str) -> Looked:
    """Look at everything; what the gates ask less than before is looked at last, once it is known of which gate run."""
    from pmrunnerd.rules.promotion import prerequisites  # noqa: PLC0415

    looked = prerequisites.current(desk.store.state, await desk.premises.look(project, named))
    if looked.record is None:
        return looked
    try:
        gating = desk.store.state.gating(looked.record.id)
        return replace(looked, weaker=await compared(desk, gating))
    except PmError as exc:
        return replace(looked, weaker_why=str(exc))


def _wish(desk: Desk, caller: Caller, probation: float) -> Any:
    from pmrunnerd.rules.promotion.wishes import Wish  # noqa: PLC0415

    return Wish(
        by=caller.name,
        at=int(datetime.fromisoformat(desk.now()).timestamp()),
        token=desk.token(),
        probation=probation,
        unconfined=desk.unconfined,
    )


async def _asked(desk: Desk, fact: ev.PromotionRequested) -> p.Done:
    await desk.store.commit(fact)
    return p.Done(id=fact.promotion)


async def _settled(desk: Desk, going: Promotion) -> p.Done:
    # What made it so already may still be on its way to the disk.
    await desk.store.commit()
    return p.Done(id=going.id)


PROMOTES: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.PromotionCheck: check,
    p.Promote: promote,
    p.Rollback: rollback,
    p.Try: attempt,
    p.PromotionResume: resume,
}
