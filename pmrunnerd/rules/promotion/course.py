"""What comes next in a promotion, by what was written down of it: for who began it and for who goes on, alike.

Three records tell how far it has come: the steps, the trial, and where `dist` points. Of the trial and of `dist` we
believe what is there; a step only says what was about to be done.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from pmrunnerd.model.promotion import Deed, Step


class Trial(StrEnum):
    """What became of the trial of this very promotion; `NONE` where there is none of its name."""

    NONE = "none"
    OPEN = "open"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


class Runs(StrEnum):
    """Where `dist` points, by the trial."""

    CANDIDATE = "candidate"
    PREVIOUS = "previous"
    OTHER = "other"


class Act(StrEnum):
    """What is to be done; after each one looks again."""

    BEGIN = "begin"
    SIGN = "sign"
    REHEARSE = "rehearse"
    OPEN = "open"
    RESTART = "restart"
    WATCH = "watch"
    RETURN = "return"
    VERIFY = "verify"
    CONFIRM = "confirm"
    GIVE_UP = "give-up"
    REST = "rest"


# Whoever fails at one of these has changed nothing that runs.
HARMLESS: Final = frozenset({Act.BEGIN, Act.SIGN, Act.REHEARSE, Act.OPEN})
# What comes after a step of one that has no trial yet.
_PROVED: Final = {
    None: Act.BEGIN,
    Step.BEGUN: Act.SIGN,
    Step.SIGNED: Act.REHEARSE,
    Step.REHEARSED: Act.OPEN,
    Step.OPENED: Act.OPEN,
}
# Nobody signs for what the package brings.
_BROUGHT: Final = _PROVED | {Step.BEGUN: Act.REHEARSE}
# A release that was proved before, or that nothing depends on, is only looked at.
_UNPROVED: Final = {None: Act.BEGIN, Step.BEGUN: Act.OPEN, Step.OPENED: Act.OPEN}

_AFTER: Final = {Deed.PROMOTE: _PROVED, Deed.UPGRADE: _BROUGHT}


def counted(steps: Sequence[Step], trial: Trial) -> tuple[Step, ...]:
    """Return which steps of another process still count for the one that goes on.

    What was looked at may be otherwise by now, and a restart that was about to be made may not have been.
    """
    if any(step.has_ended for step in steps):
        return tuple(steps)
    if trial is Trial.NONE and Step.SWITCHED not in steps and Step.RETURNING not in steps:
        return tuple(steps[:1])
    if steps and steps[-1] is Step.RESTARTED:
        return tuple(steps[:-1])
    return tuple(steps)


def next_act(
    deed: Deed, steps: Sequence[Step], trial: Trial, runs: Runs, *, lost: bool = False
) -> Act:
    """Return what is to be done now; `lost` is that the release on trial is not to stay."""
    if any(step.has_ended for step in steps):
        return Act.REST
    match trial:
        case Trial.CONFIRMED:
            return Act.CONFIRM
        case Trial.RETURNED:
            return Act.VERIFY
        case Trial.OPEN:
            return _on_trial(steps, runs, lost=lost)
    after = _AFTER.get(deed, _UNPROVED)
    # After any other step it was switched, and nothing tells any more from what, or how it went.
    return after.get(steps[-1] if steps else None, Act.GIVE_UP)


def _on_trial(steps: Sequence[Step], runs: Runs, *, lost: bool) -> Act:
    if runs is Runs.OTHER:
        return Act.GIVE_UP
    if lost or runs is Runs.PREVIOUS or Step.RETURNING in steps:
        return Act.RETURN
    return Act.WATCH if Step.RESTARTED in steps or Step.HEALTHY in steps else Act.RESTART
