"""What a run may use, by the settings and by what was spent."""

from msgspec.structs import replace

from pmrunnerd.engine.means import ceilings, means, taken
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.spec import Budget
from pmrunnerd.model.state import State
from tests.unit.rules.life import AT, a_plan, happen

SETTINGS = Settings(agent_claude_task_dollars=5.0)


def begun(state: State, run: str, session: str, task: str = "t1", allowed: float = 0.0) -> State:
    started = ev.RunStarted(
        run=run,
        task=task,
        project="w1",
        agent="claude",
        attempt=1,
        session=session,
        allowed=allowed,
    )
    return happen(state, started)


def spent(state: State, run: str, session: str, dollars: float) -> State:
    over = ev.RunEnded(
        run=run, project="w1", outcome=Outcome.INTERRUPTED, cursor=1, dollars=dollars
    )
    again = ev.TaskInterrupted(task="t1", project="w1", reason="")
    return happen(begun(state, run, session), over, again)


def test_what_was_spent_is_the_session_s_and_what_is_left_is_the_task_s() -> None:
    state = spent(spent(a_plan(), "r1", "other", 1.0), "r2", "own", 0.5)
    found = means(begun(state, "r3", "own"), state.runs["r3"], SETTINGS)

    assert found.spent == 0.5
    assert found.budget == Budget(scope="task", limit=5.0, used=1.5)


def test_an_agent_without_a_model_has_no_means() -> None:
    state = begun(a_plan(), "r1", "own")
    run = replace(state.runs["r1"], agent="shell")

    assert means(state, run, SETTINGS).budget is None


def test_no_limit_is_told_for_an_agent_whose_cost_nobody_limits() -> None:
    assert ceilings(SETTINGS, "claude").task == 5.0
    assert ceilings(SETTINGS, "acp").task == 0.0


def test_what_comes_free_of_a_limit_once_a_run_began_is_for_others() -> None:
    state = begun(a_plan(), "r1", "own", allowed=1.5)
    found = means(state, state.runs["r1"], SETTINGS)

    assert found.budget is not None
    assert (found.budget.limit, found.budget.left) == (5.0, 1.5)


def test_one_waits_for_the_run_that_has_the_budget_and_others_need_none() -> None:
    state = begun(a_plan({"a": (), "b": ()}), "r1", "own", "t2", allowed=3.0)
    settings = Settings(agent_claude_day_dollars=3.0)
    assert taken(settings, state, state.tasks["t1"], AT) == "", "it is the shell's"

    happen(state, ev.ProjectChanged(project="w1", agent="claude"))
    said = "the day's budget is taken by run r1"
    assert taken(settings, state, state.tasks["t1"], AT) == said
