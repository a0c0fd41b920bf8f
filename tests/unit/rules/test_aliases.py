import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import BadRequest, Conflict
from pmrunnerd.model.state import State
from pmrunnerd.rules import aliases
from tests.unit.rules.life import a_project, happen


def refused(alias: str, path: str = "/srv/new", state: State | None = None) -> BadRequest:
    with pytest.raises(BadRequest) as error:
        aliases.check(state or a_project(), alias, path, "add {}".format)
    return error.value


def test_a_name_that_is_too_long_is_told_so_and_cut() -> None:
    error = refused("x" * 64)
    assert str(error).endswith("it is longer than 63 characters")
    assert error.hint == "add " + "x" * 63


@pytest.mark.parametrize("alias", ["w1", "w0", "w99999"])
def test_what_looks_like_an_identifier_is_no_name_of_a_project(alias: str) -> None:
    error = refused(alias)
    assert str(error) == f"cannot call a project {alias!r}: identifiers of projects look like that"
    assert error.hint == "add new"


@pytest.mark.parametrize("alias", ["w", "w1x", "w1-2", "ww1", "1w", "demo2"])
def test_what_is_only_like_one_is_a_name(alias: str) -> None:
    aliases.check(a_project(), alias, "/srv/new", str)


def test_a_name_is_of_one_project() -> None:
    with pytest.raises(Conflict, match="/srv/demo has that name"):
        aliases.check(a_project(), "demo", "/srv/new", str)


def test_that_of_a_removed_project_is_free() -> None:
    state = happen(a_project(), ev.ProjectRemoved(project="w1"))
    aliases.check(state, "demo", "/srv/new", str)


@pytest.mark.parametrize(
    ("alias", "path", "like"),
    [
        ("We Ird", "/srv/new", "we-ird"),
        ("Ünï", "/srv/new", "n"),
        ("é", "/srv/New", "new"),
        ("é", "/é", "project-1"),
        ("Demo", "/srv/demo", "project-1"),
        ("w5", "/srv/w6", "project-1"),
    ],
)
def test_another_name_is_offered_that_is_free_and_as_like_as_can_be(
    alias: str, path: str, like: str
) -> None:
    assert refused(alias, path).hint == f"add {like}"


def test_a_name_that_is_offered_is_no_other_projects() -> None:
    state = happen(a_project(), ev.ProjectAdded(project="w2", alias="project-1", path="/p"))
    assert refused("é", "/é", state).hint == "add project-2"
