from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.state import State
from pmrunnerd.rules.counts import count, tally


def test_the_last_identifier_of_a_kind_is_the_largest_whatever_its_suffix() -> None:
    state = State()
    for name in ("t2", "r7-4f2a", "t9", "t3"):
        count(state, name)
    assert dict(state.minted) == {"t": 9, "r": 7}


def test_tasks_are_counted_by_project_and_state() -> None:
    state = State()
    tally(state, "w1", TaskState.QUEUED, 1)
    tally(state, "w1", TaskState.QUEUED, 1)
    tally(state, "w2", TaskState.QUEUED, 1)
    tally(state, "w1", TaskState.QUEUED, -1)
    assert [state.tally(name, TaskState.QUEUED) for name in ("w1", "w2", "w3")] == [1, 1, 0]
    assert state.tally("w1", TaskState.ERROR) == 0
