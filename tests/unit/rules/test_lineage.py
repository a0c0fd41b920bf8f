import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.rules.lineage import branch, current, found, shared
from tests.unit.rules.life import AT, happen


def a_state(*restored: tuple[str, int], seq: int = 200) -> State:
    """Return a state of so many commits that began as `one` and was restored so many times."""
    state = State()
    found(state, "one")
    for name, commits in restored:
        branch(state, name, commits)
    state.seq = seq
    return state


def test_a_state_is_of_the_lineage_that_its_first_daemon_began() -> None:
    state = happen(State(), ev.DaemonStarted(release="1", pid=1))
    assert current(state) == AT
    found(state, "later")
    assert current(state) == AT


def test_a_restore_begins_another_lineage() -> None:
    state = happen(
        State(),
        ev.DaemonStarted(release="1", pid=1),
        ev.StateRestored(commits=75, kept="x-before-restore"),
    )
    assert current(state) == "x-before-restore"
    state.seq = 90
    assert shared(state, AT, 83) == 75


def test_a_state_that_has_not_begun_is_of_none_and_shares_nothing() -> None:
    assert current(State()) == ""
    assert shared(State(), "one", 83) == 0


@pytest.mark.parametrize(
    ("lineage", "commit", "expected"),
    [
        ("one", 83, 75),
        ("one", 70, 70),
        ("two", 120, 100),
        ("two", 90, 90),
        ("three", 150, 150),
        ("three", 300, 200),
        ("gone", 150, 100),
        ("gone", 60, 60),
    ],
)
def test_what_is_shared_ends_where_the_next_lineage_began(
    lineage: str, commit: int, expected: int
) -> None:
    state = a_state(("two", 75), ("three", 100))
    assert shared(state, lineage, commit) == expected


def test_a_restore_of_something_older_ends_what_was_shared_before() -> None:
    state = a_state(("two", 75), ("three", 40))
    assert shared(state, "one", 83) == 40
    assert shared(state, "two", 83) == 40
