"""Which files can be changed and nobody needs to be asked."""

from pathlib import Path

import pytest

from pmrunnerd.services.agents.places import below, is_free, real, top


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "relative", "", "/srv/project", "/srv/projects/x"),
        *("/srv/project/../other/x", "/srv/project/a/../../other"),
    ],
)
def test_what_is_not_below_the_workspace_is_elsewhere(path: str) -> None:
    assert below("/srv/project", path) == []
    assert not is_free("/srv/project", path)
    assert top("/srv/project", path) == ""


def test_what_can_be_no_path_leads_nowhere() -> None:
    assert real("/srv/project/a\0b") == ""
    assert not is_free("/srv/project", "/srv/project/a\0b")


def test_a_link_is_where_it_leads_and_what_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "w/.claude").mkdir(parents=True)
    (tmp_path / "w/away").symlink_to(tmp_path)
    (tmp_path / "w/own").symlink_to(".claude")
    here = f"{tmp_path}/w"

    assert not is_free(here, f"{here}/away/x")
    assert below(here, f"{here}/own/x") == ["own", "x"]
    assert below(here, real(f"{here}/own/x")) == [".claude", "x"]
    assert not is_free(here, f"{here}/own/x")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        (".git/config", ".git"),
        ("sub/.Git/hooks/x", "sub/.Git"),
        (".mcp.json", ".mcp.json"),
        ("a/.VSCode/b", "a/.VSCode"),
        (".husky/pre-commit", ".husky"),
    ],
)
def test_what_a_person_s_own_programs_execute_is_not_free(path: str, asked: str) -> None:
    assert not is_free("/srv/project", f"/srv/project/{path}")
    assert top("/srv/project", f"/srv/project/{path}") == asked


@pytest.mark.parametrize("path", ["a", "src/.gitignore"])
def test_a_file_of_the_workspace_is_free(path: str) -> None:
    assert is_free("/srv/project", f"/srv/project/{path}")
    assert top("/srv/project", f"/srv/project/{path}") == ""
