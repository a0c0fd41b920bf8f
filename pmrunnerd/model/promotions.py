"""A promotion as the daemon remembers it, from being asked for to its end; a rollback and a try are told alike."""

from enum import StrEnum

from msgspec import Struct

from pmrunnerd.model.promotion import Deed


class PromotionState(StrEnum):
    """Where a promotion stands; `rules.transitions.PROMOTION` says how it moves."""

    REQUESTED = "REQUESTED"
    UNDER_WAY = "UNDER_WAY"
    ON_TRIAL = "ON_TRIAL"
    RETURNING = "RETURNING"
    CONFIRMED = "CONFIRMED"
    RETURNED = "RETURNED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing of it goes on."""
        return self in _ENDS

    @property
    def is_bad(self) -> bool:
        """Tell whether it has ended otherwise than it was to."""
        return self.has_ended and self is not PromotionState.CONFIRMED


_ENDS = {
    PromotionState.CONFIRMED,
    PromotionState.RETURNED,
    PromotionState.REFUSED,
    PromotionState.FAILED,
}


class Told(Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of root's record as any release can read it: a step that is not known here is a word like others."""

    step: str
    at: float
    why: str = ""


class Promotion(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was asked of root, and how far root has come.

    `environment` is whose `dist` it is about, `previous` the release that ran then. `seal` is the hash of the section of
    the evidence that `by` approved, whose text is in `section` as long as root has not begun. `lines` of root's record
    are known, the last of them of `step`, whose reason is `why`; `at` is when it came to where it is, `probation` in
    seconds. `seen` is who knows that it has not ended well.
    """

    id: str
    project: str
    deed: Deed
    environment: str
    release: str
    state: PromotionState
    previous: str = ""
    commit: str = ""
    git_tree: str = ""
    source: str = ""
    gate_run: str = ""
    seal: str = ""
    section: str = ""
    weaker: str = ""
    weaker_by: str = ""
    probation: float = 60.0
    unconfined: bool = False
    by: str = ""
    asked: str = ""
    at: str = ""
    posix: int = 0
    step: str = ""
    why: str = ""
    lines: int = 0
    seen: str = ""
