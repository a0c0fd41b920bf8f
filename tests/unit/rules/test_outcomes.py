from itertools import product

import pytest
from hypothesis import given

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.progress import (
    Asked,
    Charged,
    Committed,
    Concluded,
    Finished,
    Found,
    Kept,
    Output,
)
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.state import State
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended, gone
from tests.unit.rules.histories import CHOICES, SHAPES, Choices, Needs, apply, end, lived
from tests.unit.rules.life import AT, a_plan, happen, started


def running() -> State:
    return happen(a_plan({"a": (), "b": ()}), started("t1", "r1"))


def over(
    state: State, finished: Finished, seen: Seen | None = None, *, parked: bool = False
) -> State:
    given = Circumstances(patience=3, parked=parked)
    facts = ended(state, state.runs["r1"], finished, seen or Seen(cursor=99), given)
    return happen(state, *facts)


def finished(outcome: Outcome, reason: str = "") -> Finished:
    return Finished(at=AT, outcome=outcome, reason=reason)


def test_success_completes_the_task_with_its_commit() -> None:
    seen = Seen()
    seen.look(99, Committed(at=AT, commit="4f2a91c", subject="do it", files=1))
    state = over(running(), finished(Outcome.SUCCEEDED), seen)
    assert (state.tasks["t1"].state, state.tasks["t1"].commit) == (TaskState.COMPLETE, "4f2a91c")
    assert state.runs["r1"].cursor == 99


def test_what_a_run_used_is_remembered_and_what_nobody_measured_is_not() -> None:
    told = Finished(at=AT, outcome=Outcome.SUCCEEDED, peak_memory=5000, cpu_seconds=0.5)
    run = over(running(), told).runs["r1"].ended
    assert run is not None
    assert (run.peak_memory, run.cpu_seconds) == (5000, 0.5)

    run = over(running(), gone("its run host was gone without a word")).runs["r1"].ended
    assert run is not None
    assert (run.peak_memory, run.cpu_seconds) == (None, None)


def test_what_the_run_host_said_of_the_output_is_recorded_and_what_the_agent_said_is_not() -> None:
    seen = Seen()
    seen.look(9, Output(at=AT, stream="stdout", text="it printed nothing\n"))
    assert seen.noted == ""
    seen.look(99, Output(at=AT, stream="runner", text="it printed more than 64 MiB\n"))
    run = over(running(), finished(Outcome.SUCCEEDED), seen).runs["r1"].ended
    assert run is not None
    assert run.noted == "it printed more than 64 MiB"


def test_of_what_is_said_at_great_length_a_part_is_remembered() -> None:
    long, seen = "x" * 5_000_000, Seen()
    seen.look(9, Found(at=AT, findings=(long,) * 1000))
    ended = over(running(), finished(Outcome.FAILED, long), seen).runs["r1"].ended
    assert ended is not None
    assert len(ended.reason) + sum(map(len, ended.findings)) < 30_000
    seen.look(99, Concluded(at=AT, text=long))
    assert len(over(running(), finished(Outcome.SUCCEEDED), seen).tasks["t1"].result) < 70_000


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.STALLED])
def test_each_kind_of_failure_keeps_its_name_and_reason(outcome: Outcome) -> None:
    seen = Seen()
    seen.look(99, Kept(at=AT, ref="refs/pm-runner/runs/r1", files=2))
    state = over(running(), finished(outcome, "exit status 3: no such file"), seen)
    run = state.runs["r1"].ended
    assert run is not None
    assert (run.outcome, run.kept) == (outcome, "refs/pm-runner/runs/r1")
    assert state.tasks["t1"].state is TaskState.ERROR
    assert state.tasks["t1"].reason == "exit status 3: no such file"


def test_what_the_model_took_said_and_left_open_is_recorded_with_the_run() -> None:
    seen = Seen()
    for report in (
        Charged(at=AT, dollars=0.5, turns=3),
        Found(at=AT, findings=("a is missing",)),
        Charged(at=AT, dollars=0.75, turns=5),
    ):
        seen.look(99, report)
    state = over(running(), finished(Outcome.FAILED, "no"), seen)
    run = state.runs["r1"].ended
    assert run is not None
    assert (run.dollars, run.turns, run.findings) == (0.75, 5, ("a is missing",))

    seen.look(100, Concluded(at=AT, text="all is there"))
    state = over(running(), finished(Outcome.SUCCEEDED), seen)
    run = state.runs["r1"].ended
    assert run is not None
    assert run.findings == ()
    assert state.tasks["t1"].result == "all is there"


def test_what_an_agent_asks_and_what_it_needs_a_permission_for_are_both_asked() -> None:
    seen = Seen()
    seen.look(98, Asked(at=AT, text="which?", details=("the first",), multiple=True))
    seen.look(99, Asked(at=AT, text="may it?", kind=Kind.PERMISSION))
    state = over(running(), finished(Outcome.ASKED), seen)
    assert [(q.text, q.kind) for q in state.questions.values()] == [
        ("which?", Kind.AGENT),
        ("may it?", Kind.PERMISSION),
    ]
    assert (state.questions["q1"].details, state.questions["q1"].multiple) == (("the first",), True)


def test_questions_are_numbered_and_wait() -> None:
    seen = Seen()
    seen.look(99, Asked(at=AT, text="which port?", options=("3502", "3503")))
    seen.look(99, Asked(at=AT, text="which host?"))
    state = over(running(), finished(Outcome.ASKED), seen)
    assert state.tasks["t1"].state is TaskState.AWAITING_RESPONSE
    assert [(q.id, q.text, q.options) for q in state.questions.values()] == [
        ("q1", "which port?", ("3502", "3503")),
        ("q2", "which host?", ()),
    ]


def test_a_question_of_the_runner_s_own_takes_the_place_of_the_agent_s() -> None:
    seen = Seen()
    seen.look(99, Asked(at=AT, text="which port?"))
    seen.look(99, Asked(at=AT, text="begin anew?", options=("yes",), kind=Kind.HEAD))
    state = over(running(), finished(Outcome.ASKED), seen)
    assert [(q.text, q.kind) for q in state.questions.values()] == [("begin anew?", Kind.HEAD)]


def test_a_run_that_asked_nothing_did_not_ask() -> None:
    assert over(running(), finished(Outcome.ASKED)).tasks["t1"].state is TaskState.ERROR


def test_an_interrupted_task_is_queued_until_it_happened_too_often() -> None:
    state = over(running(), gone("its run host was gone"))
    assert state.tasks["t1"].state.value == "QUEUED"
    for n in (2, 3):
        happen(state, started("t1", f"r{n}", n))
        given = Circumstances(patience=3)
        facts = ended(state, state.runs[f"r{n}"], gone("gone"), Seen(), given)
        happen(state, *facts)
    assert state.tasks["t1"].state is TaskState.ERROR
    assert state.tasks["t1"].reason == "interrupted 3 times in a row, at last: gone"


def test_parking_never_uses_up_the_patience() -> None:
    state = running()
    for n in range(1, 9):
        given = Circumstances(patience=1, parked=True)
        facts = ended(state, state.runs[f"r{n}"], gone("parked"), Seen(), given)
        happen(state, *facts, started("t1", f"r{n + 1}", n + 1))
    assert state.tasks["t1"].state is TaskState.RUNNING


def test_a_cancelled_run_cancels_its_task_however_it_ended() -> None:
    state = running()
    happen(state, ev.TaskCancelRequested(task="t1", project="w1", by="anna"))
    over(state, finished(Outcome.INTERRUPTED))
    assert state.tasks["t1"].state is TaskState.CANCELLED
    run = state.runs["r1"].ended
    assert run is not None
    assert run.outcome is Outcome.CANCELLED


def test_a_result_that_came_before_the_cancellation_counts() -> None:
    state = running()
    happen(state, ev.TaskCancelRequested(task="t1", project="w1", by="anna"))
    over(state, finished(Outcome.SUCCEEDED))
    assert state.tasks["t1"].state is TaskState.COMPLETE


def test_a_held_run_leaves_its_task_in_the_queue_with_the_reason() -> None:
    state = over(running(), finished(Outcome.HELD, "README was changed"))
    task = state.tasks["t1"]
    assert (task.state, task.held, task.reason) == (TaskState.QUEUED, True, "README was changed")


WHATEVER: tuple[Needs | None, ...] = (None, *SHAPES, {}, {"a": ("a",)})


@given(CHOICES)
def test_however_a_run_ends_and_whatever_it_proposed_that_can_be_recorded(choices: Choices) -> None:
    state = lived(choices)
    for run in state.active:
        for outcome, needs in product(Outcome, WHATEVER):
            fresh = state.copy()
            apply(fresh, end(fresh, run, outcome, needs))
            assert run not in fresh.active
