"""Follows a promotion, a rollback or a try to its end, through the restart that it is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pmrunnerctl import watch
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.states import state
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.promotions import PromotionState
from pmrunnerd.model.views import PromotionRow

# A release that hangs before it is ready takes its start timeout, and so does the one before it.
PATIENCE: Final = 400.0
_STATUSES: Final = {Code.REFUSED: Exit.NOT_PROMOTED, Code.CONFLICT: Exit.BUSY}
_ENDS: Final = {
    PromotionState.CONFIRMED: Exit.OK,
    PromotionState.REFUSED: Exit.NOT_PROMOTED,
    PromotionState.RETURNED: Exit.RETURNED,
    PromotionState.FAILED: Exit.NOT_RETURNED,
}
_STEPS: Final = {
    "begun": "root looks at all of it once more",
    "signed": "signed for",
    "rehearsed": "rehearsed on a copy of the state",
    "switched": "it is what runs next",
    "restarted": "the daemon starts again",
    "healthy": "it answers at both doors; probation begins",
}


@contextmanager
def asking() -> Iterator[None]:
    """Have a refusal end with the statuses that promotions have."""
    try:
        yield
    except Cannot as exc:
        if exc.code in _CODES:
            exc.exits = _STATUSES[Code(exc.code)]
        raise


_CODES: Final = frozenset(_STATUSES)


def begun(session: Session, done: p.Done, what: str, since: int | None) -> None:
    """Say that it has begun; with a commit `since` which its facts come, follow it and end as it does."""

    def say(_: object) -> None:
        session.out.line(f"{what}: {done.id}")
        if since is None:
            session.out.next(f"pmrunnerctl promotion show {done.id}")

    session.show(done, say)
    session.out.flush()
    if since is not None:
        session.end(follow(session, done.id, since))


def follow(session: Session, promotion: str, since: int) -> Exit:
    """Show what happens until it has ended; say how it went."""
    patience = PATIENCE if session.patience is None else session.patience
    client = session.client_of(session.place, patience=patience)
    with watch.watching(session, work="root goes on with it"):
        found = client.call(p.PromotionShow(promotion=promotion))
        for happening in client.stream(p.Events(since=since, follow=not _is_over(found))):
            facts = [one for one in happening.facts if _is_of(one, promotion)]
            for fact in facts:
                if session.json:
                    session.print_json(fact)
                else:
                    tell(session.out, fact)
            session.out.flush()
            if any(type(fact) in _OVER for fact in facts):
                break
        found = client.call(p.PromotionShow(promotion=promotion))
    session.show(found, lambda view: came_to(session.out, view))
    return _ENDS.get(found.promotion.state, Exit.ENDED_BADLY)


_OVER: Final = frozenset(
    {ev.PromotionConfirmed, ev.PromotionReturned, ev.PromotionRefused, ev.PromotionFailed}
)


def _is_over(view: PromotionRow) -> bool:
    return view.promotion.state.has_ended


def _is_of(fact: ev.AnyEvent, promotion: str) -> bool:
    return getattr(fact, "promotion", "") == promotion


def tell(screen: Screen, fact: ev.AnyEvent) -> None:
    """Write what a fact says of a promotion that somebody waits for."""
    match fact:
        case ev.PromotionStepped(step=step, reason=reason):
            said = _STEPS.get(step, step)
            screen.line(f"  {said}: {reason}" if reason else f"  {said}", "dim")
        case ev.PromotionOpened():
            screen.line("  on trial: it comes back unless it proves itself", "yellow")
        case ev.PromotionReturning(reason=reason):
            screen.line(f"  it comes back: {screen.reason(reason)}", "red")
        case _:
            pass


def came_to(screen: Screen, view: PromotionRow) -> None:
    """Write how it ended, and what to type now."""
    one = view.promotion
    cell = state(one.state)
    why = f": {screen.reason(one.why)}" if one.why and one.state.is_bad else ""
    screen.line(f"{one.deed} {one.id} of {one.release}: {cell.text.lower()}{why}", cell.style)
    match one.state:
        case PromotionState.CONFIRMED:
            screen.next("pmrunnerctl rollback", "goes back")
        case PromotionState.FAILED:
            screen.next(f"sudo systemctl start pm-runner-rollback@{one.environment}")
        case _:
            screen.next(f"pmrunnerctl promotion show {one.id}")
