import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pmrunnerd.model.entities import Plan, PlanState
from pmrunnerd.model.state import State
from pmrunnerd.model.tables import GONE, Shelf

KEYS = st.sampled_from("abcd")
STEPS = st.lists(st.one_of(st.tuples(KEYS, st.integers()), st.tuples(KEYS, st.none())))


def write(state: State, steps: list[tuple[str, int | None]]) -> None:
    for key, value in steps:
        if value is None:
            state.minted.pop(key)
        else:
            state.minted[key] = value


@given(st.dictionaries(KEYS, st.integers()), STEPS, STEPS)
def test_a_trial_takes_back_all_that_was_written_and_one_in_a_trial_only_its_own(
    before: dict[str, int], outer: list[tuple[str, int | None]], inner: list[tuple[str, int | None]]
) -> None:
    state = State()
    state.minted.put_all(before.items())
    with state.trial():
        write(state, outer)
        between = dict(state.minted)
        with state.trial():
            write(state, inner)
        assert dict(state.minted) == between
    assert dict(state.minted) == before


@given(st.dictionaries(KEYS, st.integers()), STEPS)
def test_what_was_written_makes_another_state_the_same(
    before: dict[str, int], steps: list[tuple[str, int | None]]
) -> None:
    state, other = State(), State()
    for one in (state, other):
        one.minted.put_all(before.items())

    other.follow(state.written(lambda one: write(one, steps)))

    assert dict(other.minted) == dict(state.minted)


@given(st.dictionaries(KEYS, st.integers()), STEPS)
def test_nothing_is_written_where_writing_fails(
    before: dict[str, int], steps: list[tuple[str, int | None]]
) -> None:
    state = State()
    state.minted.put_all(before.items())

    def fail(one: State) -> None:
        write(one, steps)
        raise KeyError("half way")

    with pytest.raises(KeyError):
        state.written(fail)
    assert dict(state.minted) == before
    assert state.written(lambda one: write(one, [("a", 1)]))[0][3] == 1


def a_shelf() -> Shelf[str, str]:
    away = {"old": "put away"}
    shelf: Shelf[str, str] = Shelf("things", [], lambda _, key: away[key])
    shelf["new"] = "alive"
    return shelf


def test_looking_up_finds_what_was_put_away_and_iterating_does_not() -> None:
    shelf = a_shelf()
    assert (shelf["old"], shelf.get("old"), "old" in shelf) == ("put away", "put away", True)
    assert (list(shelf), len(shelf)) == (["new"], 1)
    assert (shelf.get("none"), "none" in shelf) == (None, False)
    with pytest.raises(KeyError):
        shelf["none"]


def test_what_was_put_away_is_taken_up_by_writing_and_found_as_it_was_when_that_is_taken_back() -> (
    None
):
    ended = Plan(id="p1", project="w1", message="m1", title="", state=PlanState.ERROR)
    away = {("plans", "p1"): ended}
    state = State(lambda table, key: away[table, key])
    with state.trial():
        state.plans["p1"] = replace(ended, state=PlanState.ACTIVE)
        assert [plan.state for plan in state.plans.values()] == [PlanState.ACTIVE]
    assert state.plans["p1"] is ended
    assert not list(state.plans)


def test_putting_nothing_in_a_place_removes_what_was_there() -> None:
    shelf = a_shelf()
    shelf.put("new", GONE)
    shelf.put("new", GONE)
    assert list(shelf) == []
