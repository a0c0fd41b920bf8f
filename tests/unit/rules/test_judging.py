import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanState, TaskState
from pmrunnerd.model.progress import Finished
from pmrunnerd.model.questions import AGAIN, GIVE_UP
from pmrunnerd.model.state import State
from pmrunnerd.rules import agenda, answers, judging
from pmrunnerd.rules.judging import Found
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended
from tests.unit.rules.gates import tries
from tests.unit.rules.life import AT, happen, started
from tests.unit.rules.looking import gates, looking, tried, worked

BAD = Found(commit="c" * 40, wrong=("gate unit: failed\nassert 1 == 2",), where="gate show g1")


def judge(state: State, found: Found = BAD, *, mends: bool = True) -> State:
    return happen(state, *judging.judged(state, gates(state), found, mends=mends))


def mended(state: State, run: str) -> State:
    """Have a run mend what was found, as it says, and the task look again."""
    happen(state, started("t3", run))
    finished = Finished(at=AT, outcome=Outcome.SUCCEEDED)
    happen(
        state, *ended(state, state.runs[run], finished, Seen(cursor=1), Circumstances(patience=3))
    )
    return happen(state, *judging.begin(state, gates(state)))


def test_what_holds_is_complete_for_that_very_source_and_the_evidence_is_next() -> None:
    state = judge(tried(looking()), Found(commit="c", source="5" * 64, said="2 gates passed"))

    assert gates(state).state is TaskState.COMPLETE
    assert (gates(state).commit, gates(state).source) == ("c", "5" * 64)
    assert agenda.Check("t4") in agenda.agenda(state, slots=2, clear=frozenset(), stopping=False)


def test_what_does_not_hold_is_sent_back_with_all_that_was_found() -> None:
    state = judge(tried(looking()))

    assert gates(state).objections == BAD.wrong
    assert gates(state).reason == "it was sent back: gate unit: failed"


def test_after_as_many_attempts_as_the_project_has_a_person_is_asked_once() -> None:
    state = judge(tried(looking(attempts=2)))
    judge(mended(state, "r3"))
    judge(mended(state, "r4"))

    assert gates(state).state is TaskState.AWAITING_RESPONSE
    (question,) = state.open_questions(gates(state))
    assert question.options == (AGAIN, GIVE_UP)
    assert "its agent was asked 2 times" in question.text
    assert "- gate unit: failed\n" in question.text
    assert "assert" not in question.text


def test_whoever_says_again_has_it_looked_at_first_and_mended_as_often_again() -> None:
    state = judge(tried(looking(attempts=0)))
    happen(state, *answers.answer(state, "q1", "again", "anna"))

    acts = agenda.agenda(state, slots=2, clear=frozenset(), stopping=False)
    assert acts == [agenda.Check("t3")]
    assert gates(state).sent_back == 0


def test_whoever_gives_up_ends_the_plan_and_may_retry() -> None:
    state = judge(tried(looking(attempts=0)))
    happen(state, *answers.answer(state, "q1", "Give up", "anna"))

    assert gates(state).state is TaskState.CANCELLED
    assert state.plans["p1"].state is PlanState.CANCELLED


@pytest.mark.parametrize(("mends", "mendable"), [(False, True), (True, False)])
def test_what_no_agent_can_mend_goes_to_a_person_at_once(mends: bool, mendable: bool) -> None:
    found = Found(wrong=("gate lab: skipped",), mendable=mendable)
    assert gates(judge(tried(looking()), found, mends=mends)).state is TaskState.AWAITING_RESPONSE


def test_a_gate_run_that_somebody_cancelled_cancels_the_task_that_wanted_it() -> None:
    state = happen(looking(), tries.CANCELLED)
    facts = judging.stopped(state, gates(state), state.gatings["g1"], patience=3)
    happen(state, *facts)

    assert gates(state).state is TaskState.CANCELLED
    assert "gate run g1 was cancelled" in gates(state).reason


def test_one_that_is_interrupted_is_tried_again_so_often() -> None:
    state = happen(looking(), tries.STARTED, tries.INTERRUPTED)
    task, gating = gates(state), state.gatings["g1"]

    (again,) = judging.stopped(state, task, gating, patience=2)
    assert isinstance(again, ev.TaskInterrupted)
    first, *_ = judging.stopped(state, task, gating, patience=1)
    assert isinstance(first, ev.TaskFailed)
    (gone,) = judging.stopped(state, task, None, patience=2)
    assert isinstance(gone, ev.TaskInterrupted)
    assert "is gone" in gone.reason


def test_a_task_that_is_to_be_cancelled_is_whatever_was_found() -> None:
    state = tried(looking())
    happen(state, ev.TaskCancelRequested(task="t3", project="w1", by="anna"))
    first, *_ = judging.stopped(state, gates(state), state.gatings["g1"], patience=3)

    assert isinstance(first, ev.TaskCancelled)


def test_a_run_that_mended_is_cancelled_with_its_task_though_it_succeeded() -> None:
    state = happen(judge(tried(looking())), started("t3", "r3"))
    happen(state, ev.TaskCancelRequested(task="t3", project="w1", by="anna"))
    finished = Finished(at=AT, outcome=Outcome.SUCCEEDED)
    facts = ended(state, state.runs["r3"], finished, Seen(), Circumstances(patience=3))
    happen(state, *facts)

    assert state.runs["r3"].ended is not None
    assert state.runs["r3"].ended.outcome is Outcome.SUCCEEDED
    assert gates(state).state is TaskState.CANCELLED


def test_evidence_is_looked_at_without_a_gate_run() -> None:
    (fact,) = judging.begin(worked(), worked().tasks["t4"])
    assert fact == ev.CheckBegan(task="t4", project="w1")
