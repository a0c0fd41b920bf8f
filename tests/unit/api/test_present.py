from pmrunnerd.api import plans, present
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Task, TaskState
from pmrunnerd.model.state import State
from tests.unit.api import desks
from tests.unit.rules.life import a_draft, asked, happen, started


def waits(task: Task) -> str:
    return f"{task.id} has its reason"


def planned(*names: str) -> State:
    return happen(State(), desks.added(), desks.posted(), desks.drafted(*names), desks.APPROVED)


def now(state: State) -> str:
    (row,) = present.project_rows(state, waits)
    assert present.project_row(state, state.projects["w1"], waits) == row
    return row.now


def test_a_project_says_what_it_does_now_and_what_a_person_can_do() -> None:
    state = happen(State(), desks.added())
    assert now(state) == "idle"
    happen(state, desks.posted())
    assert now(state) == "planning m1"
    happen(state, desks.drafted("one", "two"), desks.SUBMITTED)
    assert now(state) == "waiting for approval of p1"
    happen(state, desks.APPROVED)
    assert now(state) == "t1 one waits: t1 has its reason"
    happen(state, desks.started())
    assert now(state) == "running t1 one"
    happen(state, *desks.asked("really?"))
    assert now(state) == "waiting for an answer to q1"


def test_tasks_are_counted_by_state_with_a_number_for_each() -> None:
    state = happen(planned("one", "two"), desks.started())
    (row,) = present.project_rows(state, waits)
    assert row.tasks == dict.fromkeys(TaskState, 0) | {TaskState.QUEUED: 1, TaskState.RUNNING: 1}
    assert plans.row(state, state.plans["p1"]).tasks == row.tasks


def test_a_removed_project_is_not_shown() -> None:
    state = happen(State(), desks.added(), ev.ProjectRemoved(project="w1"))
    assert present.project_rows(state, waits) == ()


def test_only_a_queued_task_waits_and_its_text_is_left_out() -> None:
    state = happen(planned("one", "two"), desks.started())
    running, queued = (present.task_row(state, task, waits) for task in state.tasks.values())
    assert (running.waits, queued.waits) == ("", "t2 has its reason")
    assert (queued.task.text, state.tasks["t2"].text) == ("", "echo two")


def test_a_task_that_asked_says_which_answer_it_waits_for() -> None:
    state = happen(planned("one"), desks.started(), *desks.asked("first?", "second?"))
    assert present.task_row(state, state.tasks["t1"], waits).waits == (
        "waits for an answer to q1, q2"
    )
    happen(state, ev.QuestionAnswered(question="q1", project="w1", text="yes", by="anna"))
    assert present.task_row(state, state.tasks["t1"], waits).waits == "waits for an answer to q2"


def test_the_inbox_is_what_waits_for_a_person_oldest_first() -> None:
    state = happen(planned("one"), desks.started(), *desks.asked("first?", "second?"))
    items = present.inbox(state, None).items
    assert [(i.kind, i.id, i.text) for i in items] == [
        ("question", "q1", "first?"),
        ("question", "q2", "second?"),
    ]
    assert items[0].options == ("yes", "no")
    assert items[0].command == "pmrunnerctl answer q1 TEXT"
    happen(state, ev.QuestionAnswered(question="q1", project="w1", text="yes", by="anna"))
    assert [i.id for i in present.inbox(state, None).items] == ["q2"]
    happen(state, ev.TaskCancelled(task="t1", project="w1"))
    assert present.inbox(state, None).items == ()


def test_a_plan_that_waits_for_approval_is_in_the_inbox_of_its_project() -> None:
    state = happen(
        State(),
        desks.added(),
        desks.added("other", "w2"),
        desks.posted(),
        desks.drafted("one"),
        desks.SUBMITTED,
    )
    (item,) = present.inbox(state, state.projects["w1"]).items
    assert (item.kind, item.alias, item.command) == ("plan", "demo", "pmrunnerctl plan approve p1")
    assert present.inbox(state, state.projects["w2"]).items == ()


def test_a_run_shows_what_it_is_for() -> None:
    state = happen(planned("one"), desks.started())
    row = present.run_row(state, state.runs["r1-aaaa"])
    assert (row.alias, row.title) == ("demo", "the one")


def test_a_question_of_a_planner_is_in_the_inbox_like_any_other() -> None:
    state = happen(a_draft(), started("t1", "r1-aaaa"), *asked("t1", "r1-aaaa", "which?"))
    (item,) = present.inbox(state, None).items
    assert (item.kind, item.task, item.text) == ("question", "t1", "which?")


def test_the_text_of_a_task_is_there_for_whoever_wants_it() -> None:
    state = planned("one")
    assert present.task_row(state, state.tasks["t1"], waits, texts=True).task.text == "echo one"
