"""Every state that a kill can leave has one answer, and none of them is to trust what nobody proved."""

from itertools import product

import pytest

from pmrunnerd.model.promotion import Deed, Step
from pmrunnerd.rules.promotion.course import Act, Runs, Trial, counted, next_act

# In the order in which they are written down.
ORDER = list(Step)
GOING = [step for step in ORDER if not step.has_ended]
PREFIXES = [
    (),
    *(tuple(GOING[:until]) for until in range(1, len(GOING))),
    *((*GOING[:until], Step.RETURNING) for until in range(4, len(GOING))),
]
EVERYTHING = list(product(Deed, PREFIXES, Trial, Runs, (False, True)))


@pytest.mark.parametrize("end", [step for step in Step if step.has_ended])
def test_what_has_ended_rests_whatever_else_is_there(end: Step) -> None:
    for deed, steps, trial, runs, lost in EVERYTHING:
        assert next_act(deed, (*steps, end), trial, runs, lost=lost) is Act.REST


def test_a_trial_that_is_over_decides_alone() -> None:
    for deed, steps, _, runs, lost in EVERYTHING:
        assert next_act(deed, steps, Trial.CONFIRMED, runs, lost=lost) is Act.CONFIRM
        assert next_act(deed, steps, Trial.RETURNED, runs, lost=lost) is Act.VERIFY


def test_while_a_trial_is_open_nothing_is_proved_opened_or_confirmed_anew() -> None:
    for deed, steps, _, runs, lost in EVERYTHING:
        act = next_act(deed, steps, Trial.OPEN, runs, lost=lost)
        assert act in {Act.RESTART, Act.WATCH, Act.RETURN, Act.GIVE_UP}
        if act in {Act.RESTART, Act.WATCH}:
            assert runs is Runs.CANDIDATE
            assert not lost
            assert Step.RETURNING not in steps


def test_what_was_switched_without_a_trial_that_tells_from_what_is_given_up() -> None:
    for deed, steps, _, runs, lost in EVERYTHING:
        if Step.SWITCHED in steps or Step.RETURNING in steps:
            assert next_act(deed, steps, Trial.NONE, runs, lost=lost) is Act.GIVE_UP


@pytest.mark.parametrize("deed", list(Deed))
def test_nothing_is_opened_but_after_what_has_to_come_before(deed: Deed) -> None:
    came = {
        Deed.PROMOTE: [Act.BEGIN, Act.SIGN, Act.REHEARSE, Act.OPEN],
        Deed.UPGRADE: [Act.BEGIN, Act.REHEARSE, Act.OPEN, Act.OPEN],
        Deed.ROLLBACK: [Act.BEGIN, Act.OPEN, Act.OPEN, Act.OPEN],
        Deed.TRY: [Act.BEGIN, Act.OPEN, Act.OPEN, Act.OPEN],
    }[deed]
    notes = {Act.BEGIN: Step.BEGUN, Act.SIGN: Step.SIGNED, Act.REHEARSE: Step.REHEARSED}
    steps: list[Step] = []
    for act in came:
        assert next_act(deed, steps, Trial.NONE, Runs.PREVIOUS) is act
        steps.append(notes.get(act, Step.OPENED))


def test_who_goes_on_looks_at_everything_again_unless_it_was_switched() -> None:
    for steps in PREFIXES:
        found = counted(steps, Trial.NONE)
        if Step.SWITCHED in steps or Step.RETURNING in steps:
            assert found == steps or found == steps[:-1]
        else:
            assert found == steps[:1]


def test_who_goes_on_makes_a_restart_again_that_may_not_have_been_made() -> None:
    steps = tuple(GOING[: GOING.index(Step.RESTARTED) + 1])
    left = counted(steps, Trial.OPEN)
    assert next_act(Deed.PROMOTE, left, Trial.OPEN, Runs.CANDIDATE) is Act.RESTART


def test_who_goes_on_with_a_probation_watches_and_starts_nothing() -> None:
    steps = tuple(GOING[: GOING.index(Step.HEALTHY) + 1])
    left = counted(steps, Trial.OPEN)
    assert next_act(Deed.PROMOTE, left, Trial.OPEN, Runs.CANDIDATE) is Act.WATCH


def test_what_has_ended_counts_as_it_is() -> None:
    steps = (Step.BEGUN, Step.REFUSED)
    assert counted(steps, Trial.NONE) == steps
