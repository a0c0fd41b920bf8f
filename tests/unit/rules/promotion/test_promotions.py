from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import Conflict, IllegalTransition, NotFound, Refused
from pmrunnerd.model.promotion import ENDS, Deed, Step
from pmrunnerd.model.promotions import Promotion, PromotionState, Told
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.promotion import promotions
from pmrunnerd.rules.transitions import PROMOTION

AT = "2026-01-01T00:00:00.000Z"
ASKED = ev.PromotionRequested(
    promotion="x1-4f2a",
    project="w1",
    deed=Deed.PROMOTE,
    environment="prod",
    release="1.0-0123456789ab",
    section="## all of it",
    by="anna",
)
WELL = (
    *(Step.BEGUN, Step.SIGNED, Step.REHEARSED, Step.OPENED),
    *(Step.SWITCHED, Step.RESTARTED, Step.HEALTHY, Step.CONFIRMED),
)
BACK = (*WELL[:6], Step.RETURNING, Step.RETURNED)


def asked() -> State:
    state = State()
    evolve(state, ASKED, AT)
    return state


def read(state: State, *steps: str, since: int = 1) -> Promotion:
    """Have a daemon read lines of root's record."""
    for line, step in enumerate(steps, since):
        said = Told(step=step, at=line, why=f"why {step}")
        for fact in promotions.told(state.promotion("x1"), line, said):
            evolve(state, fact, AT)
    return state.promotion("x1")


def test_root_s_record_is_told_to_its_end() -> None:
    state = asked()
    assert state.promoting is not None
    assert state.promotion("x1").section

    assert read(state, *WELL[:3]).state is PromotionState.UNDER_WAY
    assert not state.promotion("x1-4f2a").section, "root has it by now"
    assert read(state, *WELL[3:7], since=4).state is PromotionState.ON_TRIAL
    assert read(state, *WELL[7:], since=8).state is PromotionState.CONFIRMED
    assert state.promoting is None


def test_one_that_came_back_says_why() -> None:
    found = read(asked(), *BACK)

    assert (found.state, found.why, found.lines) == (PromotionState.RETURNED, "why returned", 8)


def test_a_line_is_told_once_whoever_reads_it_again() -> None:
    state = asked()
    before = read(state, *WELL[:5])

    for line in range(6):
        assert promotions.told(before, line, Told(step=WELL[0], at=1.0)) == []
    assert read(state, *WELL[:5]) == before
    assert read(state, *WELL) == read(state, *WELL), "and nothing of what is over"


@pytest.mark.parametrize("step", Step)
def test_whatever_comes_first_it_is_told_with_what_came_before(step: Step) -> None:
    found = read(asked(), step)

    assert found.step == step or step in {Step.CONFIRMED, Step.RETURNED, Step.REFUSED}
    assert found.state.has_ended == step.has_ended


def test_an_end_that_does_not_fit_is_for_a_person_to_look_at() -> None:
    found = read(asked(), *BACK[:7], Step.CONFIRMED)

    assert found.state is PromotionState.FAILED
    assert "confirmed while it was RETURNING" in found.why


def test_a_step_of_a_later_release_is_a_word() -> None:
    found = read(asked(), "begun", "polished", "signed")

    assert (found.state, found.lines) == (PromotionState.UNDER_WAY, 3)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*Step, "polished"]), max_size=12))
def test_no_record_of_root_s_can_keep_a_daemon_from_going_on(steps: list[str]) -> None:
    found = read(asked(), *steps)

    assert found.state.has_ended == any(step in ENDS for step in steps)


def test_what_the_table_does_not_have_cannot_happen() -> None:
    about: dict[str, Any] = {"promotion": "x1-4f2a", "project": "w1"}
    facts = [
        ev.PromotionStepped(step="signed", **about),
        *(kind(**about) for kind in (ev.PromotionOpened, ev.PromotionReturning)),
        *(kind(**about) for kind in (ev.PromotionConfirmed, ev.PromotionReturned)),
        *(kind(**about) for kind in (ev.PromotionRefused, ev.PromotionFailed)),
    ]
    ends = {Step.CONFIRMED: WELL, Step.RETURNED: BACK}
    for reached, fact in product([(), *(ends.values())], facts):
        state = asked()
        where = read(state, *reached).state
        if type(fact) in PROMOTION[where]:
            continue
        with pytest.raises(IllegalTransition, match="promotion x1-4f2a: it is"):
            evolve(state, fact, AT)


def test_where_root_fell_silent_its_trial_says_how_it_ended() -> None:
    state = asked()
    on_trial = read(state, *WELL[:6])

    assert promotions.ended(on_trial, "open", "") == []
    (fact,) = promotions.ended(on_trial, "returned", "crashed")
    evolve(state, fact, AT)
    assert state.promotion("x1").state is PromotionState.RETURNED
    assert promotions.ended(state.promotion("x1"), "confirmed", "") == []


def test_one_that_root_never_took_up_is_refused_and_no_other() -> None:
    state = asked()
    (fact,) = promotions.refused(state.promotion("x1"), "nobody is there")
    begun = read(state, Step.BEGUN)

    assert promotions.refused(begun, "nobody is there") == []
    assert getattr(fact, "reason", "") == "nobody is there"


def test_who_has_seen_that_it_came_back_says_so_once() -> None:
    state = asked()
    with pytest.raises(Refused, match="it is REQUESTED"):
        promotions.see(state, "x1", "anna")
    read(state, *BACK)

    (seen,) = promotions.see(state, "x1", "anna")
    evolve(state, seen, AT)

    assert state.promotion("x1").seen == "anna"
    assert promotions.see(state, "x1", "bert") == ()


def test_none_is_recorded_twice_and_one_that_is_not_there_is_not_found() -> None:
    with pytest.raises(Conflict):
        evolve(asked(), ASKED, AT)
    with pytest.raises(NotFound, match="promotion x2"):
        asked().promotion("x2")


def test_the_latest_are_remembered() -> None:
    state = State()
    for number in range(1, promotions.KEPT + 3):
        one = ev.PromotionRequested(
            promotion=f"x{number}-0a0a",
            project="w1",
            deed=Deed.ROLLBACK,
            environment="prod",
            release="r",
        )
        evolve(state, one, AT)
        over = ev.PromotionRefused(promotion=one.promotion, project="w1", reason="no")
        evolve(state, over, AT)

    assert len(state.promotions) == promotions.KEPT + 1
    assert "x1-0a0a" not in state.promotions
