import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.model.errors import (
    BadRequest,
    Conflict,
    Refused,
)
from pmrunnerd.model.questions import BEGIN_ANEW, CANCEL, OPTIONS, Kind
from pmrunnerd.model.state import State
from pmrunnerd.rules import answers, decide
from tests.unit.rules.life import (
    a_plan,
    asked,
    happen,
    started,
)

AGENTS = ("shell",)


def a_question() -> State:
    return happen(a_plan(), started("t1", "r1"), *asked("t1", "r1", "which port?"))


def test_the_last_answer_queues_the_task_in_the_same_commit() -> None:
    state = happen(a_plan(), started("t1", "r1"), *asked("t1", "r1", "a?", "b?"))
    first = answers.answer(state, "q1", "x", "anna")
    assert [type(fact) for fact in first] == [ev.QuestionAnswered]
    happen(state, *first)
    last = answers.answer(state, "q2", "y", "anna")
    assert [type(fact) for fact in last] == [ev.QuestionAnswered, ev.TaskAnswered]


def test_the_same_answer_again_is_no_news_and_another_one_is_refused() -> None:
    state = a_question()
    happen(state, *answers.answer(state, "q1", "3503", "anna"))
    assert answers.answer(state, "q1", "3503", "ben") == ()
    with pytest.raises(Conflict, match="cannot answer q1: it was answered by anna at"):
        answers.answer(state, "q1", "3502", "ben")


def under_a_moved_head() -> State:
    """Return a state in which the runner asks what is to become of t1."""
    return the_runner_s(Kind.HEAD)


def a_permission() -> State:
    """Return a state in which t1 wants a permission."""
    return the_runner_s(Kind.PERMISSION)


def the_runner_s(kind: Kind) -> State:
    """Return a state in which the runner asks something of its own about t1."""
    over, asking = asked("t1", "r1", "Begin anew?")
    assert isinstance(asking, ev.TaskAsked)
    own = tuple(replace(one, kind=kind, options=OPTIONS[kind]) for one in asking.questions)
    return happen(a_plan(), started("t1", "r1"), over, replace(asking, questions=own))


def test_a_question_of_the_runner_s_own_takes_one_of_its_answers_and_no_other() -> None:
    state = under_a_moved_head()
    with pytest.raises(BadRequest, match="it is 'begin anew' or 'cancel the task'") as refused:
        answers.answer(state, "q1", "yes please", "anna")
    assert refused.value.hint == f"pmrunnerctl answer q1 --option 1   # {BEGIN_ANEW}"
    happen(state, *answers.answer(state, "q1", BEGIN_ANEW, "anna"))
    assert state.tasks["t1"].state is TaskState.QUEUED


@pytest.mark.parametrize("text", ["yes", " Y", "ok!", "Allow", "sure, go on"])
def test_who_says_yes_where_any_text_denies_is_asked_which_it_is(text: str) -> None:
    state = a_permission()
    with pytest.raises(BadRequest, match="that would deny it, with this as the") as refused:
        answers.answer(state, "q1", text, "anna")
    assert refused.value.hint == "pmrunnerctl answer q1 --option 1   # allow once"
    assert answers.answer(state, "q1", "no, not yet", "anna")
    assert answers.answer(state, "q1", "allow for this task", "anna")


def test_who_means_to_cancel_what_was_found_does_not_have_the_agent_told_so() -> None:
    state = the_runner_s(Kind.FINDINGS)
    with pytest.raises(BadRequest, match="would be told to the agent, which goes on") as refused:
        answers.answer(state, "q1", "cancel", "anna")
    assert refused.value.hint == f"pmrunnerctl answer q1 --option 2   # {CANCEL}"
    assert answers.answer(state, "q1", "cancel the second loop only", "anna")


def test_an_option_counts_however_it_is_typed() -> None:
    state = under_a_moved_head()
    happen(state, *answers.answer(state, "q1", " Begin Anew ", "anna"))
    given = state.question("q1").answer
    assert given is not None
    assert given.text == BEGIN_ANEW
    assert answers.answer(state, "q1", "BEGIN ANEW", "anna") == ()


def test_the_runner_s_question_can_end_the_task_and_with_it_the_plan() -> None:
    state = under_a_moved_head()
    happen(state, *answers.answer(state, "q1", CANCEL, "anna"))
    assert state.tasks["t1"].state is TaskState.CANCELLED
    assert state.plans["p1"].state is PlanState.CANCELLED
    assert answers.answer(state, "q1", CANCEL, "anna") == ()


def test_a_withdrawn_question_is_not_answered() -> None:
    state = a_question()
    happen(state, *decide.cancel_task(state, "t1", "anna"))
    with pytest.raises(Refused, match="its task t1 was cancelled"):
        answers.answer(state, "q1", "3503", "anna")
