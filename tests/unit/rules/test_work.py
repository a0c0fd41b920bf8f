import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.errors import IllegalTransition
from tests.unit.rules.life import (
    a_plan,
    a_project,
    asked,
    completed,
    failed,
    happen,
    started,
)


def test_a_run_is_active_from_its_start_to_its_end() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))
    assert set(state.active) == {"r1-aaaa"}
    happen(state, *completed("t1", "r1-aaaa"))
    assert not state.active
    ended = state.runs["r1-aaaa"].ended
    assert ended is not None
    assert ended.outcome is Outcome.SUCCEEDED


def test_nothing_more_is_recorded_of_a_run_that_ended() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *completed("t1", "r1-aaaa"))
    with pytest.raises(IllegalTransition, match="r1-aaaa"):
        happen(state, ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.FAILED, cursor=1))


def test_what_a_dead_run_left_behind_is_found_with_it() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *failed("t1", "r1-aaaa"))
    kept = ev.LeftoversKept(run="r1-aaaa", project="w1", ref="refs/x", files=2, also=("refs/z",))
    stranger = ev.LeftoversKept(run="r9-ffff", project="w1", ref="refs/y", files=2)
    ended = happen(state, kept, stranger).runs["r1-aaaa"].ended
    assert ended is not None
    assert (ended.kept, ended.also) == ("refs/x", ("refs/z",))


def test_an_answer_to_the_last_open_question_queues_the_task_again() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *asked("t1", "r1-aaaa", "a?", "b?"))
    assert [q.id for q in state.open_questions(state.tasks["t1"])] == ["q1", "q2"]
    happen(
        state,
        ev.QuestionAnswered(question="q1", project="w1", text="x", by="anna"),
        ev.QuestionAnswered(question="q2", project="w1", text="y", by="anna"),
        ev.TaskAnswered(task="t1", project="w1"),
    )
    assert state.tasks["t1"].state is TaskState.QUEUED
    assert state.open_questions(state.tasks["t1"]) == []


def test_cancelling_withdraws_what_was_asked() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *asked("t1", "r1-aaaa", "a?"))
    happen(state, ev.TaskCancelled(task="t1", project="w1", by="anna"))
    assert state.questions["q1"].withdrawn
    assert state.tasks["t1"].reason == "anna cancelled it"


def test_a_cancelled_task_keeps_why_where_somebody_said_so() -> None:
    why = ev.TaskCancelled(task="t1", project="w1", by="anna", reason="plan p1 was rejected")
    assert happen(a_plan(), why).tasks["t1"].reason == "plan p1 was rejected"


def test_interruptions_count_in_a_row_and_a_parked_run_does_not_count() -> None:
    state = a_plan()
    for n, parked in enumerate((False, True, False), 1):
        over = ev.RunEnded(run=f"r{n}", project="w1", outcome=Outcome.INTERRUPTED, cursor=0)
        back = ev.TaskInterrupted(task="t1", project="w1", reason="gone", parked=parked)
        happen(state, started("t1", f"r{n}", n), over, back)
    assert state.tasks["t1"].interruptions == 2
    happen(state, started("t1", "r4", 4), *failed("t1", "r4"))
    happen(state, ev.TaskRetried(task="t1", project="w1", by="anna"))
    assert state.tasks["t1"].interruptions == 0


def test_no_identifier_is_minted_twice() -> None:
    state = happen(a_plan({"a": (), "b": ()}), started("t1", "r7-beef"))
    assert state.minted == {"w": 1, "m": 1, "p": 1, "t": 2, "r": 7}


def test_settings_that_a_change_does_not_name_stay() -> None:
    state = happen(a_project(), ev.ProjectChanged(project="w1", bootstrap_prompt="be kind"))
    project = state.project("demo")
    assert (project.alias, project.bootstrap_prompt) == ("demo", "be kind")


def test_a_task_that_does_not_run_cannot_be_asked_to_stop() -> None:
    with pytest.raises(IllegalTransition, match="cannot stop task t1: it is QUEUED"):
        happen(a_plan(), ev.TaskCancelRequested(task="t1", project="w1", by="anna"))


def test_the_files_of_a_run_that_is_under_way_are_not_let_go() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))
    gone = ev.RunPruned(run="r1-aaaa", project="w1", size=1, reason="it is old")
    with pytest.raises(IllegalTransition, match="cannot prune run r1-aaaa: it is under way"):
        happen(state, gone)
    happen(state, *completed("t1", "r1-aaaa"))
    before = state.runs["r1-aaaa"]
    assert happen(state, gone).runs["r1-aaaa"] == before
