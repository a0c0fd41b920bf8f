import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, PlanState
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import planning
from pmrunnerd.rules.planning import LONGEST_STEP, MOST_STEPS, Proposal, Step, problems, title
from tests.unit.rules.life import a_lone_project, a_message, a_plan


def a_proposal(**needs: tuple[str, ...]) -> Proposal:
    return Proposal(
        title="x", steps=tuple(Step(name=n, text="true", needs=w) for n, w in needs.items())
    )


def test_a_plan_without_tasks_is_refused() -> None:
    assert problems(Proposal(title="x", steps=())) == ["it has no task"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    steps = (
        Step(name="a", text=" ", needs=("b", "c")),
        Step(name="a", text="x" * (LONGEST_STEP + 1)),
    )
    assert problems(Proposal(title="x", steps=steps)) == [
        "two tasks are called a",
        "task a is empty",
        "task a needs b, which is not in the plan",
        "task a needs c, which is not in the plan",
        "task a is longer than 256 KiB",
    ]


def test_tasks_that_wait_for_each_other_are_named_in_a_circle() -> None:
    assert problems(a_proposal(a=("b",), b=("c",), c=("a",))) == [
        "its tasks wait for each other: a needs b needs c needs a"
    ]


def test_a_task_that_needs_itself_is_a_circle() -> None:
    assert problems(a_proposal(a=("a",))) == ["its tasks wait for each other: a needs a"]


def test_too_many_tasks_are_refused() -> None:
    steps = tuple(Step(name=f"s{n}", text="true") for n in range(MOST_STEPS + 1))
    assert problems(Proposal(title="x", steps=steps)) == [
        f"it has {MOST_STEPS + 1} tasks, more than 200"
    ]


def test_a_thousand_mistakes_are_a_few_lines() -> None:
    needs = tuple(f"n{n}" for n in range(1500))
    found = problems(
        Proposal(title="x", steps=(Step(name="x" * 60_000, text="true", needs=needs),))
    )
    assert len(found) == 11
    assert sum(map(len, found)) < 2000


def test_a_bad_proposal_becomes_a_refusal_that_answers_the_message() -> None:
    facts = planning.draft(a_lone_project(), a_message(), a_proposal(a=("b",)), Mint({}))
    assert facts == [
        ev.PlanRefused(
            plan="p1", project="w1", message="m9", reason="task a needs b, which is not in the plan"
        )
    ]


def test_dependencies_become_task_identifiers_once_each() -> None:
    (drafted, _) = planning.draft(
        a_lone_project(), a_message(), a_proposal(a=(), b=("a", "a")), Mint({"t": 4})
    )
    assert isinstance(drafted, ev.PlanDrafted)
    assert [(t.task, t.needs) for t in drafted.tasks] == [("t5", ()), ("t6", ("t5",))]


@pytest.mark.parametrize(
    ("approval", "state"),
    [(PlanApproval.AUTO, PlanState.ACTIVE), (PlanApproval.MANUAL, PlanState.AWAITING_APPROVAL)],
)
def test_the_project_says_whether_a_person_approves(
    approval: PlanApproval, state: PlanState
) -> None:
    assert a_plan(approval=approval).plans["p1"].state is state


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg")).map(tuple)))
def test_a_plan_without_problems_can_always_be_worked_off(
    needs: dict[str, tuple[str, ...]],
) -> None:
    proposal = a_proposal(**needs)
    if problems(proposal):
        return
    done: set[str] = set()
    for _ in proposal.steps:
        done |= {s.name for s in proposal.steps if set(s.needs) <= done}
    assert done == set(needs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n# Build it\nmake", "Build it"),
        ("#!/bin/sh\nmake", "make"),
        ("", ""),
        ("x" * 80, "x" * 71 + "…"),
    ],
)
def test_a_title_is_the_first_line_that_says_something(text: str, expected: str) -> None:
    assert title(text) == expected
