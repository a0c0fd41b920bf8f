import sys
from pathlib import Path

import pytest

from pmrunnerctl import beside


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An SDK with the program in it, and no other on PATH."""
    program = tmp_path / "claude_agent_sdk" / "_bundled" / "claude"
    program.parent.mkdir(parents=True)
    program.touch()
    (tmp_path / "claude_agent_sdk" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "claude_agent_sdk", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    return program


@pytest.mark.parametrize(
    "text",
    [
        "pmrunnerctl agent login claude",
        "claude: nobody is logged in",
        "pmrunnerctl doctor --agent claude   # later",
        "packaging/quickstart --claude",
    ],
)
def test_the_name_of_an_agent_is_no_command(bundled: Path, text: str) -> None:
    assert bundled.exists()
    assert beside.found(text) == text


def test_where_none_is_installed_nothing_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "claude_agent_sdk", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert beside.found("claude setup-token") == "claude setup-token"


def test_one_that_is_not_on_path_is_named_by_its_whole_path(bundled: Path) -> None:
    renew = "its login is no good: 401; claude   # renews your login"
    assert beside.found(renew) == renew.replace("claude ", f"{bundled} ")
    both = "claude setup-token && pmrunnerctl agent login claude"
    assert beside.found(both) == f"{bundled} setup-token && pmrunnerctl agent login claude"


def test_one_that_is_on_path_is_named_as_people_type_it(
    bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled.chmod(0o755)
    monkeypatch.setenv("PATH", str(bundled.parent))
    assert beside.found("claude setup-token") == "claude setup-token"
