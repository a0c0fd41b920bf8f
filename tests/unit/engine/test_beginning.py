"""The fact that begins a run."""

from pmrunnerd.engine.beginning import begin
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from tests.unit.rules.life import AT, a_plan, happen, started

SETTINGS = Settings(agent_claude_dollars=2.0)


def beginning(state: State, run: str = "r9") -> ev.RunStarted:
    return begin(state, state.tasks["t1"], SETTINGS, run=run, session="new", now=AT)


def test_a_first_run_begins_a_session() -> None:
    fact = beginning(a_plan())

    assert (fact.run, fact.attempt, fact.session, fact.agent) == ("r9", 1, "new", "shell")


def test_a_later_run_goes_on_with_the_session_of_the_run_before() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    over = ev.RunEnded(run="r1", project="w1", outcome=Outcome.INTERRUPTED, cursor=1)
    happen(state, over, ev.TaskInterrupted(task="t1", project="w1", reason=""))

    fact = beginning(state)

    assert (fact.attempt, fact.session) == (2, "")


def test_what_it_may_cost_is_a_part_of_the_fact_where_a_model_works() -> None:
    state = a_plan()
    assert beginning(state).allowed == 0.0

    happen(state, ev.ProjectChanged(project="w1", agent="claude"))
    assert beginning(state).allowed == 2.0
