"""Follows a promotion, a rollback or a try to its end, through the restart that it is about."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

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

R = TypeVar("R")

# A release that hangs before it is ready takes its start timeout, and so does the one before it.
PATIENCE: Final = 400.0
# Seconds without a word after which somebody is told that it goes on.
QUIET: Final = 20.0
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
    "healthy": "it answers at both doors; its probation goes on",
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


def ask(session: Session, request: p.Request[R]) -> R:
    """Return the reply, however long it takes: who gave up would not know whether it has begun.

    Commit, workspace and releases are read for it, on a busy machine for minutes; a daemon that hangs is restarted.
    """
    return session.client_of(session.place, answer_within=None).call(request)


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
    again = session.addressed(f"pmrunnerctl promotion show {promotion}")
    with watch.watching(session, work=f"root goes on with it\n  hint: {again}"):
        found = client.call(p.PromotionShow(promotion=promotion))
        quiet = Quiet(session.note)
        request = p.Events(since=since, follow=not _is_over(found))
        for happening in client.stream(request, quiet.idle):
            facts = [one for one in happening.facts if _is_of(one, promotion)]
            for fact in facts:
                quiet.heard(fact)
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


class Quiet:
    """Says from time to time that it goes on, and since when it is where it is, while nothing else is told."""

    def __init__(
        self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._now = say, now
        self._step = "root was asked"
        self._since = self._last = now()

    def heard(self, fact: ev.AnyEvent) -> None:
        """Take note of what was told."""
        self._since = self._last = self._now()
        match fact:
            case ev.PromotionStepped(step=step):
                self._step = _STEPS.get(step, step)
            case ev.PromotionOpened():
                self._step = "on trial"
            case ev.PromotionReturning():
                self._step = "it comes back"
            case _:
                pass

    def idle(self) -> None:
        """Say it, where nothing was said for long."""
        now = self._now()
        if now - self._last >= QUIET:
            self._last = now
            self._say(f"  {now - self._since:.0f} s: {self._step}")


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
