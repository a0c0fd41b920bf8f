import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.state import State
from tests.unit.rules.life import happen


@pytest.mark.parametrize("what", ["project", "plan", "task", "run", "question"])
def test_what_is_not_there_is_said_by_name_with_where_to_look(what: str) -> None:
    with pytest.raises(NotFound, match=f"cannot find {what} x9") as missing:
        getattr(State(), what)("x9")
    assert missing.value.hint


def test_an_alias_wins_over_the_identifier_of_another_project() -> None:
    state = happen(
        State(),
        ev.ProjectAdded(project="w1", alias="w2", path="/srv/one"),
        ev.ProjectAdded(project="w2", alias="w1", path="/srv/two"),
        ev.ProjectAdded(project="w3", alias="three", path="/srv/three"),
    )
    assert [state.project(name).path for name in ("w1", "w2", "w3", "three")] == [
        *("/srv/two", "/srv/one", "/srv/three", "/srv/three")
    ]


def test_what_was_removed_is_found_to_be_looked_back_at_and_nothing_else() -> None:
    state = happen(
        State(),
        ev.ProjectAdded(project="w1", alias="one", path="/srv/one"),
        ev.ProjectRemoved(project="w1"),
    )
    for name in ("one", "w1"):
        assert state.once_project(name).id == "w1"
        with pytest.raises(NotFound):
            state.project(name)
    with pytest.raises(NotFound):
        state.once_project("two")
    happen(state, ev.ProjectAdded(project="w2", alias="one", path="/srv/one"))
    assert [state.once_project(name).id for name in ("one", "w1")] == ["w2", "w1"]


def test_a_fact_is_about_its_identifier_whatever_others_are_called() -> None:
    state = happen(
        State(),
        ev.ProjectAdded(project="w1", alias="one", path="/srv/one"),
        ev.ProjectAdded(project="w2", alias="w1", path="/srv/two"),
        ev.ProjectChanged(project="w1", bootstrap_prompt="hello"),
        ev.ProjectRemoved(project="w1"),
    )
    assert [state.projects[name].removed for name in ("w1", "w2")] == [True, False]
    assert state.projects["w1"].bootstrap_prompt == "hello"
    assert state.project("w1").path == "/srv/two"
