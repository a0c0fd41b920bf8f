"""What facts do to promotions, and what people and root's record say of them as facts; `evolve` has the table."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.errors import Conflict, Refused
from pmrunnerd.model.gates import Gating
from pmrunnerd.model.naming import number
from pmrunnerd.model.promotion import ENDS, Step
from pmrunnerd.model.promotions import Promotion, PromotionState, Told
from pmrunnerd.model.state import State
from pmrunnerd.rules.counts import count
from pmrunnerd.rules.gates import conduct
from pmrunnerd.rules.transitions import PROMOTION, step

# So many that are over are remembered; facts of all of them stay in the journal.
KEPT: Final = 50

_Kind = (
    type[ev.PromotionOpened]
    | type[ev.PromotionReturning]
    | type[ev.PromotionConfirmed]
    | type[ev.PromotionReturned]
    | type[ev.PromotionRefused]
    | type[ev.PromotionFailed]
)
_FACTS: Final[dict[str, _Kind]] = {
    Step.OPENED: ev.PromotionOpened,
    Step.RETURNING: ev.PromotionReturning,
    Step.CONFIRMED: ev.PromotionConfirmed,
    Step.RETURNED: ev.PromotionReturned,
    Step.REFUSED: ev.PromotionRefused,
    Step.FAILED: ev.PromotionFailed,
}
_STEPS: Final[dict[type[ev.Event], str]] = {fact: one for one, fact in _FACTS.items()}
# Steps that only come once the release before has stopped: whoever goes on with what another began may not say how it began.
_AFTER_OPENED: Final = frozenset(
    {Step.SWITCHED, Step.RESTARTED, Step.HEALTHY, Step.RETURNING, Step.CONFIRMED, Step.RETURNED}
)


def request(state: State, event: ev.PromotionRequested, at: str) -> None:
    if event.promotion in state.promotions:
        raise Conflict(f"cannot record promotion {event.promotion}: it is there already")
    count(state, event.promotion)
    state.promotions[event.promotion] = Promotion(
        id=event.promotion,
        project=event.project,
        deed=event.deed,
        environment=event.environment,
        release=event.release,
        state=PromotionState.REQUESTED,
        previous=event.previous,
        commit=event.commit,
        git_tree=event.git_tree,
        source=event.source,
        gate_run=event.gate_run,
        seal=event.seal,
        section=event.section,
        weaker=event.weaker,
        weaker_by=event.weaker_by,
        probation=event.probation,
        unconfined=event.unconfined,
        by=event.by,
        asked=at,
        at=at,
        posix=event.asked,
    )
    over = [one for one in state.promotions.values() if one.state.has_ended]
    for promotion in sorted(over, key=lambda one: number(one.id))[:-KEPT]:
        del state.promotions[promotion.id]


def move(state: State, event: ev.PromotionFact, at: str) -> None:
    promotion = state.promotion(event.promotion)
    after = step(PROMOTION, f"promotion {promotion.id}", promotion.state, event)
    if isinstance(event, ev.PromotionEndSeen):
        seen = event.by or "somebody"
        state.promotions[promotion.id] = replace(promotion, state=after, seen=seen)
        return
    came_to = event.step if isinstance(event, ev.PromotionStepped) else _STEPS[type(event)]
    state.promotions[promotion.id] = replace(
        promotion,
        state=after,
        section="",
        step=came_to,
        why=event.reason,
        lines=max(promotion.lines, event.line),
        at=at,
    )


def told(promotion: Promotion, line: int, said: Told) -> list[ev.AnyEvent]:
    """Return what a line of root's record is, as facts; nothing of what was told before, or of what is over.

    What must have come before is told with it: whoever goes on with what another began may leave it out.
    """
    if line <= promotion.lines or promotion.state.has_ended:
        return []
    facts: list[ev.AnyEvent] = []
    state, about = promotion.state, _about(promotion, line, said)
    if state is PromotionState.REQUESTED and said.step not in {Step.BEGUN, Step.REFUSED}:
        facts.append(ev.PromotionStepped(step=Step.BEGUN, **about))
        state = PromotionState.UNDER_WAY
    if state is PromotionState.UNDER_WAY and said.step in _AFTER_OPENED:
        facts.append(ev.PromotionOpened(**about))
        state = PromotionState.ON_TRIAL
    kind = _FACTS.get(said.step)
    if kind is not None and kind in PROMOTION[state]:
        return [*facts, kind(reason=said.why, **about)]
    if kind is not None and said.step in ENDS:
        why = f"root's record says that it was {said.step} while it was {state}: {said.why}"
        return [*facts, ev.PromotionFailed(reason=why, **about)]
    # Opened twice, say, by whoever went on: it is where it is.
    return [*facts, ev.PromotionStepped(step=said.step, reason=said.why, **about)]


def _about(promotion: Promotion, line: int, said: Told) -> dict[str, Any]:
    return {
        "promotion": promotion.id,
        "project": promotion.project,
        "line": line,
        "when": said.at,
    }


def ended(promotion: Promotion, state: str, why: str) -> list[ev.AnyEvent]:
    """Return how a promotion ended whose root fell silent, by what became of its trial: `confirmed` or `returned`."""
    step_of = {"confirmed": Step.CONFIRMED, "returned": Step.RETURNED}.get(state)
    if step_of is None or promotion.state.has_ended:
        return []
    return told(promotion, promotion.lines + 1, Told(step=step_of, at=0.0, why=why))


def refused(promotion: Promotion, why: str) -> list[ev.AnyEvent]:
    """Return that nothing became of a promotion that root never took up."""
    if promotion.state is not PromotionState.REQUESTED:
        return []
    fact = ev.PromotionRefused(promotion=promotion.id, project=promotion.project, reason=why)
    return [fact]


def waiting(state: State) -> Iterator[Promotion]:
    """Yield those that have not ended well, and nobody has seen that, nor had a better end since."""
    every = sorted(state.promotions.values(), key=lambda one: number(one.id))
    for at, one in enumerate(every):
        later = (other for other in every[at + 1 :] if other.environment == one.environment)
        if one.state.is_bad and not one.seen and all(other.state.is_bad for other in later):
            yield one


def ready(state: State) -> Iterator[Gating]:
    """Yield the gate runs by which a runner's own commit can be promoted, as far as gates say: the latest of each project."""
    for project in state.projects.values():
        if project.removed or project.project_type is not ProjectType.RUNNER_DEV:
            continue
        ended = (one for one in state.gatings.values() if _is_over(one, project.id))
        last = max(ended, key=lambda one: number(one.id), default=None)
        if last is not None and _can_be_promoted(state, last):
            yield last


def _is_over(gating: Gating, project: str) -> bool:
    return gating.project == project and gating.state.has_ended and not gating.preparing


def _can_be_promoted(state: State, gating: Gating) -> bool:
    record = gating.record
    if record is None or not record.build or not conduct.is_whole(record):
        return False
    asked = any(one.source == record.source for one in state.promotions.values())
    return conduct.has_passed(gating) and not asked


def see(state: State, identifier: str, by: str) -> tuple[ev.AnyEvent, ...]:
    """Record that somebody knows of one that has not ended well; twice is once."""
    known = state.promotion(identifier)
    if not known.state.is_bad:
        raise Refused(
            f"cannot take promotion {identifier} out of the inbox: it is {known.state}",
            hint=f"pmrunnerctl promotion show {known.id}",
        )
    if known.seen:
        return ()
    return (ev.PromotionEndSeen(promotion=known.id, project=known.project, by=by),)
