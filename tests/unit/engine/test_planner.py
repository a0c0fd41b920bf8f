import asyncio
from collections.abc import Mapping
from pathlib import Path

from pmrunnerd.engine.planner import Planner
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, TaskKind
from pmrunnerd.model.state import State
from pmrunnerd.services.agents.protocol import Agent
from pmrunnerd.services.agents.registry import AGENTS
from tests.unit.engine.oracles import KNOWN
from tests.unit.store.parts import running


def planned(
    directory: Path,
    text: str,
    times: int = 1,
    agent: str = "shell",
    agents: Mapping[str, Agent] = AGENTS,
) -> State:
    async def scene() -> State:
        async with running(directory) as store:
            await store.commit(
                ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo", agent=agent),
                ev.MessagePosted(message="m1", project="w1", text=text, by="anna"),
            )
            for _ in range(times):
                await Planner(store, agents).plan("m1")
            return store.state.copy()

    return asyncio.run(scene())


def test_a_message_becomes_a_plan_and_all_its_tasks_in_one_commit(tmp_path: Path) -> None:
    state = planned(tmp_path, "```sh name=a\ntrue\n```\n```sh needs=a\ntrue\n```")
    assert state.plans["p1"].tasks == ("t1", "t2")
    assert state.seq == 2


def test_a_message_that_is_no_plan_is_answered_with_the_reason(tmp_path: Path) -> None:
    state = planned(tmp_path, "```sh\nnever closed")
    plan = state.plans["p1"]
    assert (plan.state, plan.reason) == (
        PlanState.ERROR,
        "cannot plan the message: line 1: the block that begins there is not closed\nhint: end it with ```",
    )
    assert not state.messages


def test_an_agent_that_plans_begins_a_plan_that_a_run_is_to_make(tmp_path: Path) -> None:
    state = planned(tmp_path, "# Make it\nfast, please", times=2, agent="oracle", agents=KNOWN)
    plan, task = state.plans["p1"], state.tasks["t1"]
    assert (plan.state, plan.title, plan.agent) == (PlanState.DRAFT, "Make it", "oracle")
    assert (task.kind, task.name, task.text) == (
        TaskKind.PLANNING,
        "plan",
        "# Make it\nfast, please",
    )
    assert not state.messages
    assert (set(state.plans), state.seq) == ({"p1"}, 2)


def test_planning_twice_plans_once(tmp_path: Path) -> None:
    assert set(planned(tmp_path, "true", times=2).plans) == {"p1"}


def test_an_agent_that_this_release_does_not_have_refuses_the_message_and_nothing_else(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path, "true", agent="oracle").plans["p1"]
    assert plan.reason == (
        "cannot plan the message: this release has no agent oracle\n"
        "hint: pmrunnerctl project set demo --agent shell"
    )
