import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.state import Overlay, State

KEYS = st.sampled_from("abcd")
STEPS = st.lists(st.one_of(st.tuples(KEYS, st.integers()), st.tuples(KEYS, st.none())))


@given(st.dictionaries(KEYS, st.integers()), STEPS)
def test_an_overlay_behaves_like_a_copy_until_it_is_settled(
    below: dict[str, int], steps: list[tuple[str, int | None]]
) -> None:
    before, model, overlay = dict(below), dict(below), Overlay(below)
    for key, value in steps:
        if value is None:
            assert (overlay.pop(key, None)) == model.pop(key, None)
        else:
            overlay[key] = model[key] = value
    assert dict(overlay) == model
    assert len(overlay) == len(model)
    assert below == before
    overlay.settle()
    assert below == model


def test_a_draft_of_a_draft_settles_into_the_one_below() -> None:
    state = State()
    first = state.draft()
    second = first.draft()
    second.minted["t"] = 3
    second.settle()
    assert (first.minted["t"], dict(state.minted)) == (3, {})


@pytest.mark.parametrize("what", ["project", "plan", "task", "run", "question"])
def test_what_is_not_there_is_said_by_name_with_where_to_look(what: str) -> None:
    with pytest.raises(NotFound, match=f"cannot find {what} x9") as missing:
        getattr(State(), what)("x9")
    assert missing.value.hint
