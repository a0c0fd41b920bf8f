"""What the conversation of a project hears of a release that is moved: that it began, and how it ended."""

from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State

Moved = (
    ev.PromotionRequested
    | ev.PromotionOpened
    | ev.PromotionConfirmed
    | ev.PromotionReturned
    | ev.PromotionRefused
    | ev.PromotionFailed
)
_SAID: Final[dict[type[ev.Event], str]] = {
    ev.PromotionOpened: "is on trial: it comes back unless it proves itself",
    ev.PromotionConfirmed: "has proved itself, and runs from here on",
    ev.PromotionReturned: "came back; the one before runs, and is healthy",
    ev.PromotionRefused: "was refused; what runs was not stopped",
    ev.PromotionFailed: "failed, and so did the way back",
}
TOLD: Final[tuple[type[ev.Event], ...]] = (ev.PromotionRequested, *_SAID)


def told(state: State, fact: Moved) -> tuple[str, str]:
    """Return who says what; nobody where it is the runner itself."""
    if isinstance(fact, ev.PromotionRequested):
        of = f" of commit {fact.commit[:12]}" if fact.commit else ""
        return fact.by, f"{fact.deed} {fact.promotion} has begun: release {fact.release}{of}"
    known = state.promotions.get(fact.promotion)
    what = f"{known.deed} {known.id}: release {known.release}" if known else fact.promotion
    why = f": {fact.reason}" if fact.reason else ""
    return "", f"{what} {_SAID[type(fact)]}{why}"
