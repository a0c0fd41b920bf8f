from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import PmError
from pmrunnerd.rules import plans
from pmrunnerd.rules.recovery import settle
from tests.unit.rules.histories import CHOICES, Choices, apply, chosen, lived
from tests.unit.rules.life import a_plan, asked, happen, started


def test_what_runs_and_what_waits_for_a_person_is_left_as_it_is() -> None:
    state = happen(a_plan({"a": (), "b": ()}), started("t1", "r1"))
    assert settle(state) == []
    happen(state, *asked("t1", "r1", "which port?"))
    assert settle(state) == []


@given(CHOICES)
def test_a_life_that_kept_the_rules_leaves_nothing_to_settle(choices: Choices) -> None:
    assert settle(lived(choices)) == []


@given(CHOICES, st.lists(st.integers(0, 10_000), max_size=20))
def test_settling_twice_adds_nothing_also_to_what_an_older_release_left_half_said(
    choices: Choices, half: Choices
) -> None:
    state = lived(choices)
    # Without what they mean for the plan: legal facts, and no rule of today recorded them so.
    for choice in half:
        try:
            facts = chosen(state, choice)(state)
        except PmError:
            continue
        apply(state, tuple(fact for fact in facts if not isinstance(fact, _OF_PLANS)))
    settled = settle(state)
    apply(state, tuple(settled))
    assert settle(state) == []
    assert all(plans.settle(state, plan) == [] for plan in state.plans.values())


_OF_PLANS = (
    *(ev.PlanCompleted, ev.PlanFailed, ev.PlanCancelled, ev.PlanReopened, ev.PlanningReopened),
)
