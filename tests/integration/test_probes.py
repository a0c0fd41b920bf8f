"""Whose turn it is to see whether a provider's limit is over."""

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.state import State
from pmrunnerd.rules.agenda import Start
from pmrunnerd.rules.evolve import evolve
from tests.unit.rules.life import a_plan, happen
from tests.unit.rules.provider import NOON, ONE, SOON, starts, three_projects, todo, why


def refused(state: State, task: str, run: str, *, turns: int | None = None) -> None:
    """Have a run of a task be refused by its"""
    stands = bool(state.accounts)
    starts(state, task, run, ONE if stands else NOON)
    project = state.tasks[task].project
    over = ev.RunEnded(run=run, project=project, outcome=Outcome.LIMITED, cursor=0, turns=turns)
    limited = ev.AgentLimited(agent="claude", kind="overload", reason="500", until=SOON)
    for fact in (over, ev.TaskLimited(task=task, project=project, reason="500"), limited):
        evolve(state, fact, SOON)


def probes(state: State) -> list[object]:
    return todo(state, ONE)


def test_after_a_probe_that_was_refused_another_project_s_task_probes() -> None:
    state = three_projects()
    refused(state, "t1", "r1-a")
    turns = []
    for n in range(1, 7):
        (probe,) = probes(state)
        assert isinstance(probe, Start)
        turns.append(probe.task)
        before = why(state, "t3" if probe.task != "t3" else "t1", ONE)
        assert before == f"limited by the provider: {probe.task} is the probe before it"
        refused(state, probe.task, f"r{n + 1}-a")
    assert turns == ["t1", "t2", "t3", "t1", "t2", "t3"]


def test_a_task_that_is_refused_each_time_starves_no_other_of_its_project() -> None:
    state = a_plan({"a": (), "b": (), "c": ("a",)})
    happen(state, ev.ProjectChanged(project="w1", agent="claude"))
    refused(state, "t1", "r1-a")
    turns = []
    for n in range(1, 6):
        (probe,) = probes(state)
        assert isinstance(probe, Start)
        turns.append(probe.task)
        refused(state, probe.task, f"r{n + 1}-a")
    # What was said first is done first, as long as it may only be the provider's trouble.
    assert turns == ["t1", "t1", "t1", "t2", "t2"]


def test_a_task_that_a_model_answered_is_not_refused_each_time() -> None:
    state = three_projects()
    for n in range(4):
        refused(state, "t1", f"r{n + 1}-a", turns=4)
    assert probes(state) == [Start("t1")]


def test_without_a_limit_what_was_said_first_is_done_first_whatever_was_refused() -> None:
    state = three_projects()
    for n in range(4):
        refused(state, "t1", f"r{n + 1}-a")
    happen(state, ev.AgentFree(agent="claude"))
    assert probes(state) == [Start("t1"), Start("t2"), Start("t3")]
