import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.state import State
from pmrunnerd.rules import decide, retention
from pmrunnerd.rules.retention import DAY, Files, Limits, Prune, needed
from tests.unit.rules.histories import CHOICES, Choices, lived
from tests.unit.rules.life import a_plan, a_proposed_plan, asked, completed, failed, happen, started

NOTHING = Limits(age=0, size=0, latest=0)
EVERYTHING = Limits(age=1e9, size=1 << 40, latest=0)


def prunable(state: State, there: list[Files], limits: Limits) -> list[Prune]:
    return list(retention.prunable(state, there, limits))


def files(run: str, age: float = 1.0, size: int = 100, project: str = "w1") -> Files:
    return Files(run=run, project=project, size=size, age=age)


def test_a_run_that_is_under_way_stays() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    assert prunable(state, [files("r1")], NOTHING) == []
    assert needed(state, "r1") == "it is under way"


def test_a_run_of_which_a_question_is_open_stays() -> None:
    state = happen(a_plan(), started("t1", "r1"), *asked("t1", "r1", "which?"))
    assert needed(state, "r1") == "question q1 of it is open"


def test_the_last_run_of_a_task_that_can_be_tried_again_stays_and_those_before_it_go() -> None:
    state = happen(a_plan(), started("t1", "r1"), *failed("t1", "r1"))
    happen(state, *decide.retry_task(state, "t1", "anna"))
    happen(state, started("t1", "r2"), *failed("t1", "r2"))
    assert [one.run for one in prunable(state, [files("r1"), files("r2")], NOTHING)] == ["r1"]
    assert needed(state, "r2") == "task t1 can go on from it: it is ERROR"


def test_the_run_that_has_the_session_stays_whatever_ended_without_one_since() -> None:
    def ended(run: str, *, told: bool) -> tuple[ev.AnyEvent, ...]:
        over = ev.RunEnded(run=run, project="w1", outcome=Outcome.FAILED, cursor=9, told=told)
        return over, ev.TaskInterrupted(task="t1", project="w1", reason="it died")

    state = happen(a_plan(), started("t1", "r1"), *ended("r1", told=False))
    happen(state, started("t1", "r2"), *ended("r2", told=True))
    happen(state, started("t1", "r3"), *ended("r3", told=False))
    there = [files("r1"), files("r2"), files("r3")]

    assert [one.run for one in prunable(state, there, NOTHING)] == ["r1"]
    assert needed(state, "r2") == "task t1 can go on from it: it is QUEUED"
    happen(state, started("t1", "r4"))
    assert [one.run for one in prunable(state, there, NOTHING)] == ["r1"]


def test_the_run_of_a_complete_task_goes() -> None:
    state = happen(a_plan(), started("t1", "r1"), *completed("t1", "r1"))
    assert [one.run for one in prunable(state, [files("r1")], NOTHING)] == ["r1"]


def test_the_run_of_a_task_that_nobody_can_try_again_goes() -> None:
    state = happen(a_plan(), started("t1", "r1"), *failed("t1", "r1"))
    happen(state, ev.ProjectRemoved(project="w1", by="anna"))
    assert needed(state, "r1") == ""


def test_a_run_whose_leftovers_lie_in_the_tree_stays_and_counts() -> None:
    state = happen(a_plan(), started("t1", "r1"), *completed("t1", "r1"))
    limits = Limits(age=1e9, size=100, latest=0)
    there = [replace(files("r1", age=9), in_tree=True), files("r9", age=5), files("r8")]
    assert [one.run for one in prunable(state, there, limits)] == ["r9", "r8"]


def test_a_run_that_the_state_has_forgotten_is_over() -> None:
    assert [one.run for one in prunable(State(), [files("r9")], NOTHING)] == ["r9"]


def test_what_is_too_old_goes_oldest_first_with_its_reason() -> None:
    limits = Limits(age=2 * DAY, size=1 << 40, latest=0)
    there = [files("r2", age=2.5 * DAY), files("r3", age=DAY), files("r1", age=9 * DAY)]
    assert [(one.run, one.reason) for one in prunable(State(), there, limits)] == [
        ("r1", "it changed last 9 days ago, and files are kept for 2 days"),
        ("r2", "it changed last 2.5 days ago, and files are kept for 2 days"),
    ]


def test_a_short_age_is_told_as_what_it_is() -> None:
    limits = Limits(age=10, size=1 << 40, latest=0)
    (one,) = prunable(State(), [files("r1", age=90)], limits)
    assert one.reason == "it changed last 1.5 min ago, and files are kept for 10 s"


def test_what_is_too_much_goes_until_it_fits_and_no_further() -> None:
    limits = Limits(age=1e9, size=250, latest=0)
    there = [files(f"r{n}", age=n) for n in range(1, 5)]
    assert [(one.run, one.reason) for one in prunable(State(), there, limits)] == [
        ("r4", "all runs together have 400 bytes, and 250 bytes are kept"),
        ("r3", "all runs together have 300 bytes, and 250 bytes are kept"),
    ]


def test_the_latest_of_each_project_stay_however_old_they_are() -> None:
    there = [
        files("r1", age=9),
        files("r2", age=8),
        files("r3", age=99, project="w2"),
        files("r4", age=7),
    ]
    limits = Limits(age=0, size=0, latest=2)
    assert [one.run for one in prunable(State(), there, limits)] == ["r1"]


@pytest.mark.parametrize("limits", [NOTHING, EVERYTHING])
def test_nothing_there_is_nothing_to_do(limits: Limits) -> None:
    assert prunable(State(), [], limits) == []


LIMITS = st.builds(
    Limits, age=st.floats(0, 100), size=st.integers(0, 2000), latest=st.integers(0, 3)
)
MADE = st.tuples(st.floats(0, 120), st.integers(0, 500), st.sampled_from(["w1", "w2"]))


@given(CHOICES, st.lists(MADE, max_size=8), LIMITS)
def test_of_any_life_only_what_nobody_needs_goes_oldest_first_and_once(
    choices: Choices, made: list[tuple[float, int, str]], limits: Limits
) -> None:
    state = lived(choices)
    names = [*state.runs, *(f"r{n}" for n in range(900, 908))]
    there = [
        Files(run=name, project=project, size=size, age=age)
        for name, (age, size, project) in zip(names, made, strict=False)
    ]
    gone = prunable(state, there, limits)
    by_name = {one.run: one for one in there}
    ages = [by_name[one.run].age for one in gone]
    left = [one for one in there if one.run not in {pruned.run for pruned in gone}]

    assert ages == sorted(ages, reverse=True)
    assert all(one.reason for one in gone)
    assert prunable(state, left, limits) == [], "asking again adds nothing"
    for pruned in gone:
        one = by_name[pruned.run]
        younger = [o for o in left if o.project == one.project]
        assert len(younger) >= limits.latest
        assert all(o.age <= one.age for o in sorted(younger, key=_age)[: limits.latest])
    for one in there:
        run = state.runs.get(one.run)
        if run is not None and one not in left:
            task = state.tasks[run.task]
            assert run.ended is not None
            assert run.id not in state.active
            assert all(question.run != run.id for question in state.open_questions(task))
            assert run.id != task.runs[-1] or not _could_go_on(state, run.id)
    held = sum(one.size for one in there)
    for pruned in gone:
        assert by_name[pruned.run].age > limits.age or held > limits.size, "and no further"
        held -= pruned.size
    total = sum(one.size for one in left)
    free = [one for one in left if not needed(state, one.run)]
    latest = {
        one.run
        for project in ("w1", "w2")
        for one in sorted((o for o in there if o.project == project), key=_age)[: limits.latest]
    }
    if [one for one in free if one.run not in latest]:
        assert total <= limits.size, "what could go did, until it was little enough"


def _age(one: Files) -> tuple[float, str]:
    return (one.age, one.run)


def _could_go_on(state: State, run: str) -> bool:
    """Tell by trying whether somebody could go on with a run, or whether it goes on by itself."""
    task = state.tasks[state.runs[run].task]
    if task.state in (TaskState.QUEUED, TaskState.RUNNING, TaskState.AWAITING_RESPONSE):
        return True
    try:
        return bool(decide.resume_run(state, run, "anna"))
    except PmError:
        return False


def test_the_run_that_made_a_plan_stays_while_that_may_have_to_be_made_anew() -> None:
    state = a_proposed_plan()
    assert needed(state, "r1") == "plan p1 may be made anew in its session"
    happen(state, *decide.approve_plan(state, "p1", "anna"))
    assert needed(state, "r1") == ""
