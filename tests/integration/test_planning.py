"""The whole life of plans that runs make, with the engine as it is and run hosts that are played."""

import asyncio
import shutil
from pathlib import Path

import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, PlanState, TaskKind, TaskState
from pmrunnerd.model.progress import Asked
from pmrunnerd.model.spec import Spec
from pmrunnerd.model.state import State
from pmrunnerd.rules import answers, decide
from tests.unit.engine.oracles import (
    TWO,
    Actors,
    Lines,
    Script,
    a_proposal,
    at_work,
    diligent,
    done,
    failing,
    said,
)
from tests.unit.engine.puppets import Stage, finished
from tests.unit.store.parts import AT

BAD = a_proposal(("a", ("z",)))


def ended(stage: Stage, plan: str = "p1") -> bool:
    known = stage.state.plans.get(plan)
    return known is not None and known.state.has_ended


def reached(stage: Stage, state: PlanState, plan: str = "p1") -> bool:
    known = stage.state.plans.get(plan)
    return known is not None and known.state is state


def played(
    directory: Path, script: Script, approval: PlanApproval = PlanApproval.AUTO
) -> tuple[State, Actors]:
    """Say something, and return what it has come to when its plan has ended."""

    async def scene() -> tuple[State, Actors]:
        async with at_work(directory, script) as (stage, actors):
            await stage.store.commit(*said(approval=approval))
            await stage.until(lambda: ended(stage))
            return stage.state.copy(), actors

    return asyncio.run(scene())


def test_a_run_that_ends_well_without_a_plan_fails_the_plan(tmp_path: Path) -> None:
    state, _ = played(tmp_path, lambda _: [])
    assert state.tasks["t1"].reason == "it ended without a plan"
    assert state.plans["p1"].state is PlanState.ERROR


def test_a_planner_that_fails_fails_the_plan_with_its_reason_although_it_had_proposed(
    tmp_path: Path,
) -> None:
    state, _ = played(tmp_path, lambda _: [TWO, *failing("it is not logged in")])
    assert state.tasks["t1"].reason == "it is not logged in"
    assert set(state.tasks) == {"t1"}


def test_a_plan_that_stays_wrong_is_sent_back_twice_in_the_same_session_and_then_fails(
    tmp_path: Path,
) -> None:
    state, actors = played(tmp_path, lambda _: [BAD])
    assert state.plans["p1"].state is PlanState.ERROR
    why = "task a needs z, which is not in the plan"
    assert [spec.objections for spec in actors.played] == [(), (why,), (why,)]
    assert len({spec.session for spec in actors.played}) == 1
    assert actors.played[-1].earlier == state.tasks["t1"].runs[:2]


def test_a_plan_is_made_and_worked_on_to_its_end(tmp_path: Path) -> None:
    state, actors = played(tmp_path, diligent)
    plan = state.plans["p1"]
    assert (plan.state, plan.title) == (PlanState.COMPLETE, "All of it")
    planner, first, second = actors.played
    assert (planner.kind, planner.text, planner.agent) == (TaskKind.PLANNING, "do it", "oracle")
    assert planner.bootstrap == "be kind"
    assert (first.plan, second.plan) == ("All of it\n- a: do a\n- b: do b",) * 2
    assert [(one.result, one.commit) for one in second.needed] == [
        ("do a is done", "commit of do a")
    ]
    assert len({spec.session for spec in actors.played}) == 3


def test_a_plan_of_an_agent_stays_with_it_whatever_the_project_has_by_then(tmp_path: Path) -> None:
    async def scene() -> None:
        async with at_work(tmp_path, diligent) as (stage, actors):
            await stage.store.commit(*said(approval=PlanApproval.MANUAL))
            await stage.until(lambda: reached(stage, PlanState.AWAITING_APPROVAL))
            await stage.store.commit(ev.ProjectChanged(project="w1", agent="shell"))
            await stage.store.commit(*decide.approve_plan(stage.state, "p1", "anna"))
            await stage.until(lambda: ended(stage))
            assert {spec.agent for spec in actors.played} == {"oracle"}

    asyncio.run(scene())


def test_a_planner_may_ask_first_and_plans_with_the_answer(tmp_path: Path) -> None:
    def script(spec: Spec) -> Lines:
        if spec.kind is TaskKind.WORK or spec.answers:
            return diligent(spec)
        return [Asked(at=AT, text="which one?"), finished(Outcome.ASKED)]

    async def scene() -> None:
        async with at_work(tmp_path, script) as (stage, actors):
            await stage.store.commit(*said())
            await stage.until(lambda: "q1" in stage.state.questions)
            assert reached(stage, PlanState.DRAFT)
            await stage.store.commit(*answers.answer(stage.state, "q1", "that", "anna"))
            await stage.until(lambda: ended(stage))
            assert reached(stage, PlanState.COMPLETE)
            assert [one.answer for one in actors.played[1].answers] == ["that"]
            assert actors.played[0].session == actors.played[1].session

    asyncio.run(scene())


def test_a_rejected_plan_is_made_anew_in_its_session_with_the_reason(tmp_path: Path) -> None:
    def script(spec: Spec) -> Lines:
        if spec.kind is TaskKind.WORK:
            return done(spec)
        return [a_proposal(("smaller", ()))] if "too much" in spec.objections else [TWO]

    async def scene() -> None:
        async with at_work(tmp_path, script) as (stage, actors):
            await stage.store.commit(*said(approval=PlanApproval.MANUAL))
            await stage.until(lambda: reached(stage, PlanState.AWAITING_APPROVAL))
            await stage.store.commit(*decide.reject_plan(stage.state, "p1", "too much", "anna"))
            await stage.until(lambda: reached(stage, PlanState.AWAITING_APPROVAL, "p2"))
            await stage.store.commit(*decide.approve_plan(stage.state, "p2", "anna"))
            await stage.until(lambda: ended(stage, "p2"))
            state = stage.state
            assert state.plans["p1"].replaced_by == "p2"
            assert [state.tasks[name].name for name in state.plans["p2"].tasks] == [
                "plan",
                "smaller",
            ]
            first, second, _ = actors.played
            assert first.session == second.session
            assert second.earlier == (first.run,)

    asyncio.run(scene())


def test_a_planner_that_failed_is_tried_again_in_its_session_and_its_plan_with_it(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        calls: list[Spec] = []

        def script(spec: Spec) -> Lines:
            calls.append(spec)
            return failing("it broke") if len(calls) == 1 else diligent(spec)

        async with at_work(tmp_path, script) as (stage, _):
            await stage.store.commit(*said())
            await stage.until(lambda: ended(stage))
            await stage.store.commit(*decide.retry_task(stage.state, "t1", "anna"))
            await stage.until(lambda: reached(stage, PlanState.COMPLETE))
            assert calls[0].session == calls[1].session

    asyncio.run(scene())


# kill -9 of the daemon between any two commits


def wrong_at_first(spec: Spec) -> Lines:
    if spec.kind is TaskKind.PLANNING and not spec.objections:
        return [BAD]
    return diligent(spec)


def killed_after(directory: Path, lived: Path, commits: int) -> Path:
    """Return a directory as it is where a daemon was killed after so many commits of a life.

    Its run hosts lived on: what they had said by the end of that life is there.
    """
    journal = lived / "state" / "journal" / "00000001.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    again = directory / f"killed-{commits}"
    (again / "state" / "journal").mkdir(parents=True)
    (again / "state" / "journal" / journal.name).write_bytes(b"".join(lines[:commits]))
    shutil.copytree(lived / "runs", again / "runs")
    return again


@pytest.mark.parametrize("script", [diligent, wrong_at_first])
def test_a_daemon_that_is_killed_between_any_two_commits_has_each_message_planned_and_done_once(
    tmp_path: Path, script: Script
) -> None:
    lived = tmp_path / "lived"
    state, _ = played(lived, script)
    assert state.plans["p1"].state is PlanState.COMPLETE

    async def goes_on(again: Path) -> State:
        async with at_work(again, script) as (stage, _):
            await stage.until(lambda: ended(stage))
            return stage.state.copy()

    for commits in range(2, state.seq):
        found = asyncio.run(goes_on(killed_after(tmp_path, lived, commits)))
        assert {name: plan.state for name, plan in found.plans.items()} == {
            "p1": PlanState.COMPLETE
        }, commits
        tasks = [found.tasks[name] for name in found.plans["p1"].tasks]
        assert [task.name for task in tasks] == ["plan", "a", "b"], commits
        assert {task.state for task in tasks} == {TaskState.COMPLETE}, commits
        assert len(found.tasks) == 3, "and nothing was planned twice"
