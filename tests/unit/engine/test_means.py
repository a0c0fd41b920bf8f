"""What a run may use, by the settings and by what was spent."""

from msgspec.structs import replace

from pmrunnerd.engine.means import means
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Budget
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from tests.unit.rules.life import a_plan, happen

SETTINGS = Settings(agent_claude_task_dollars=5.0)


def begun(state: State, run: str, session: str) -> State:
    started = ev.RunStarted(
        run=run, task="t1", project="w1", agent="claude", attempt=1, session=session
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
