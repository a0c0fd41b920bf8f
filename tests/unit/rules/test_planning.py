from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanApproval, PlanState
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import decide, planning
from pmrunnerd.rules.agenda import Start, agenda
from pmrunnerd.rules.planning import (
    LONGEST_NAME,
    LONGEST_STEP,
    MOST_PROBLEMS,
    MOST_STEPS,
    Proposal,
    Step,
    problems,
    title,
)
from pmrunnerd.rules.plans import with_consequences
from tests.unit.rules.life import (
    a_lone_project,
    a_message,
    a_plan,
    a_project,
    completed,
    happen,
    started,
)


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


def test_what_stands_in_the_message_is_wrong_in_some_line() -> None:
    steps = (
        Step(name="a", text=" ", line=2),
        Step(name="a", text="true", needs=("b",), line=7),
    )
    assert problems(Proposal(title="x", steps=steps)) == [
        "two tasks are called a (lines 2 and 7)",
        "task a (line 2) is empty",
        "task a (line 7) needs b, which is not in the plan",
    ]


def test_a_refusal_says_what_cannot_be_done_why_and_what_to_do() -> None:
    (fact,) = planning.draft(
        a_lone_project(), a_message(), a_proposal(a=("b",), b=("a",)), Mint({})
    )
    assert isinstance(fact, ev.PlanRefused)
    why, hint = fact.reason.splitlines()
    assert why.startswith("cannot plan the message: its tasks wait for each other: ")
    assert hint == "hint: change that, and send the message again"


def test_tasks_that_wait_for_each_other_are_named_in_a_circle() -> None:
    assert problems(a_proposal(a=("b",), b=("c",), c=("a",))) == [
        "its tasks wait for each other: a needs b needs c needs a"
    ]


def test_a_task_that_needs_itself_is_a_circle() -> None:
    assert problems(a_proposal(a=("a",))) == ["its tasks wait for each other: a needs a"]


def test_a_message_that_is_one_task_is_called_by_its_first_words() -> None:
    found = planning.whole("\n# Bake a cake\n\nwith fruit\n")

    assert planning.problems(found) == []
    assert (found.title, [step.text for step in found.steps]) == (
        "Bake a cake",
        ["# Bake a cake\n\nwith fruit"],
    )
    assert planning.problems(planning.whole(" \n")) == ["task task is empty"]


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
            plan="p1",
            project="w1",
            message="m9",
            reason="cannot plan the message: task a needs b, which is not in the plan\nhint: "
            + planning.ANEW,
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


NEEDS = st.lists(st.sampled_from("abcdz"), max_size=2).map(tuple)
# Sound but for what they need; and with everything that can be wrong.
STEPS = st.lists(
    st.builds(Step, name=st.sampled_from("abcd"), text=st.just("true"), needs=NEEDS),
    max_size=4,
    unique_by=lambda step: step.name,
) | st.lists(
    st.builds(
        Step,
        name=st.sampled_from(["a", "b", "c", "d", "n" * (LONGEST_NAME + 1)]),
        text=st.sampled_from(["true", "", " \n", "x" * (LONGEST_STEP + 1)]),
        needs=NEEDS,
    ),
    max_size=6,
)


def can_be_worked_off(steps: Sequence[Step]) -> bool:
    done: set[str] = set()
    for _ in steps:
        done |= {step.name for step in steps if set(step.needs) <= done}
    return done == {step.name for step in steps}


@given(STEPS)
def test_a_plan_has_no_problems_exactly_if_it_can_be_worked_off(steps: list[Step]) -> None:
    names = [step.name for step in steps]
    sound = (
        bool(steps)
        and len(set(names)) == len(names)
        and all(len(name) <= LONGEST_NAME for name in names)
        and all(step.text.strip() and len(step.text) <= LONGEST_STEP for step in steps)
        and can_be_worked_off(steps)
    )
    assert (problems(Proposal(title="x", steps=tuple(steps))) == []) is sound


@given(STEPS)
def test_every_problem_of_a_plan_is_named(steps: list[Step]) -> None:
    found = problems(Proposal(title="x", steps=tuple(steps)))
    wanted = [f"two tasks are called {n}" for n in "abcd" if [s.name for s in steps].count(n) > 1]
    wanted += [
        f"task {step.name} needs {need}, which is not in the plan"
        for step in steps
        for need in step.needs
        if need not in {other.name for other in steps} and len(step.name) == 1
    ]
    for step in steps:
        if len(step.name) == 1:
            wanted += [f"task {step.name} is empty"] * (not step.text.strip())
            wanted += [f"task {step.name} is longer than 256 KiB"] * (len(step.text) > LONGEST_STEP)
    assert found[-1:] == ["and more"] or set(wanted) <= set(found)
    assert len(found) <= MOST_PROBLEMS + 1


@given(STEPS, st.sampled_from(PlanApproval))
def test_a_plan_that_is_drafted_is_completed_by_completing_what_can_start(
    steps: list[Step], approval: PlanApproval
) -> None:
    state = a_project(approval)
    project, message = state.projects["w1"], state.messages["m1"]
    proposal = Proposal(title="x", steps=tuple(steps))
    happen(state, *planning.draft(project, message, proposal, Mint(state.minted)))
    if problems(proposal):
        assert state.plans["p1"].state is PlanState.ERROR
        assert state.plans["p1"].reason
        assert not state.tasks
        return
    if approval is PlanApproval.MANUAL:
        happen(state, *decide.approve_plan(state, "p1", "anna"))
    needs = {step.name: set(step.needs) for step in steps}
    done: set[str] = set()
    for count in range(1, len(steps) + 1):
        (first, *_) = agenda(state, slots=1, clear=frozenset(), stopping=False)
        assert isinstance(first, Start)
        name = state.tasks[first.task].name
        assert needs[name] <= done, "nothing starts before what it needs"
        done.add(name)
        happen(state, started(first.task, f"r{count}"))
        happen(state, *with_consequences(state, completed(first.task, f"r{count}")))
    assert state.plans["p1"].state is PlanState.COMPLETE


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
