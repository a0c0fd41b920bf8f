"""The program that a setting names."""

import tomllib
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import acpprogram, mounts
from tests.house.tree import ROOT


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "agent.acp.command is not set"),
        ("  ", "agent.acp.command is not set"),
        ("gemini 'x", "agent.acp.command cannot be read: no closing quotation"),
    ],
)
def test_a_command_without_words_is_refused(command: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        acpprogram.words(command)
    assert str(refused.value) == f"cannot start the agent: {why}"


@pytest.mark.parametrize("word", ["no-such-program", "./sh", "/usr", "/nonexistent/sh"])
def test_what_is_no_program_is_refused(word: str) -> None:
    with pytest.raises(Refused, match=r"is no program \(agent\.acp\.command\)"):
        acpprogram.program(word, ())


def test_a_program_that_no_sandbox_shows_is_refused_and_so_is_a_link_to_one(tmp_path: Path) -> None:
    real = tmp_path / "real/agent"
    real.parent.mkdir()
    real.touch()
    link = tmp_path / "bin/agent"
    link.parent.mkdir()
    link.symlink_to(real)

    for word, shown in ((real, ()), (link, (link.parent,))):
        with pytest.raises(Refused, match=r"real/agent is in no sandbox"):
            acpprogram.program(str(word), shown)
    assert acpprogram.program(str(link), (link.parent, real.parent)) == link


@pytest.mark.parametrize("shown", ["relative", "/nonexistent", "/usr:/nonexistent"])
def test_what_is_not_there_is_not_shown(shown: str) -> None:
    with pytest.raises(Refused, match=r"is not there \(agent\.acp\.shown\)"):
        acpprogram.paths(shown)


def test_words_and_paths_are_those_of_a_shell() -> None:
    assert acpprogram.words("npx -y 'a b'") == ("npx", "-y", "a b")
    assert acpprogram.paths("/usr::/etc:") == (Path("/usr"), Path("/etc"))
    assert acpprogram.paths("") == ()


def test_each_thing_that_is_wrong_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = acpprogram.check("", "")
    assert (missing.state, missing.found) == ("problem", "agent.acp.command is not set")
    assert "pmrunnerctl start -- --agent-acp-command '" in missing.hint
    assert acpprogram.check("sh", "/nonexistent").state == "problem"
    assert acpprogram.check("sh", "").state == "ok"
    monkeypatch.setattr(acpprogram, "has_library", lambda: False)
    assert acpprogram.check("sh", "").hint == acpprogram.INSTALL
    both = acpprogram.check("", "")
    assert both.found == "agent-client-protocol is not installed; agent.acp.command is not set"
    assert both.hint == f"{acpprogram.INSTALL}\n{missing.hint}"


def test_the_library_that_is_named_is_the_one_of_the_package() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert package["project"]["optional-dependencies"]["acp"] == [acpprogram.LIBRARY]
    assert acpprogram.LIBRARY in (ROOT / "README.md").read_text()


def test_programs_of_the_system_and_our_interpreter_need_not_be_shown() -> None:
    assert acpprogram.program("sh", ()).name == "sh"
    assert acpprogram.program(str(mounts.python()), ()) == mounts.python()
    assert acpprogram.has_library()
