"""How the CLI is started."""

from pathlib import Path

import pytest

from pmrunnerd.model.entities import TaskKind
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.spec import Budget, Means, Spec
from pmrunnerd.services import process
from pmrunnerd.services.agents.claude import launch
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from tests.unit.services.agents.parts import session_spec as spec

GIVEN = {"HOME": "/elsewhere", "PM_RUNNER_RUN": "r1", "PM_RUNNER_ASK": "/ask", "TMPDIR": "/x"}


@pytest.fixture
def program(tmp_path: Path) -> str:
    file = tmp_path / "claude"
    file.touch()
    return str(file)


def words(told: Spec, *, resumes: bool = False) -> list[str]:
    questions = Questions([], Permissions([], told.workspace))
    return list(launch.argv(launch.options(told, questions, resumes=resumes)))


def after(argv: list[str], word: str) -> str:
    joined = [one.removeprefix(f"{word}=") for one in argv if one.startswith(f"{word}=")]
    if joined:
        return joined[0]
    return argv[argv.index(word) + 1]


def test_a_cli_that_is_not_there_is_refused_with_what_tells_more(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not there") as refused:
        launch.cli(Means(cli=str(tmp_path / "claude")))
    assert refused.value.hint == "pmrunnerctl doctor --agent claude"


def test_the_cli_of_the_sdk_is_taken_unless_another_one_is_named(program: str) -> None:
    assert launch.cli(Means()).parent.name == "_bundled"
    assert str(launch.cli(Means(cli=program))) == program


def test_a_session_is_begun_under_our_name_and_resumed_by_it(program: str) -> None:
    told = spec(means=Means(cli=program))

    assert after(words(told), "--session-id") == told.session
    resumed = words(told, resumes=True)
    assert after(resumed, "--resume") == told.session
    assert "--session-id" not in resumed


@pytest.mark.parametrize("resumes", [False, True])
def test_model_and_limits_are_passed_at_every_start(program: str, *, resumes: bool) -> None:
    budget = Budget(scope="task", limit=2.0, used=0.5)
    means = Means(cli=program, model="sonnet", turns=9, budget=budget, spent=0.25)

    argv = words(spec(means=means), resumes=resumes)

    assert after(argv, "--model") == "sonnet"
    assert after(argv, "--max-turns") == "9"
    assert after(argv, "--max-budget-usd") == "1.75"


@pytest.mark.parametrize("kind", TaskKind)
def test_a_resume_is_told_all_that_the_start_was(program: str, kind: TaskKind) -> None:
    budget = Budget(scope="task", limit=2.0, used=0.5)
    told = spec(kind=kind, means=Means(cli=program, model="sonnet", turns=9, budget=budget))
    first, again = words(told), words(told, resumes=True)

    assert after(again, "--permission-mode") == "acceptEdits"
    assert after(again, "--tools").startswith("Read,Grep,Glob,AskUserQuestion")
    assert after(again, "--disallowedTools") == ",".join(launch.FORBIDDEN)
    for argv, name in ((first, "--session-id"), (again, "--resume")):
        at = next(n for n, word in enumerate(argv) if word.startswith(name))
        del argv[at : at + (1 if "=" in argv[at] else 2)]
    assert again == first


def test_nothing_is_remembered_from_run_to_run_but_the_conversation() -> None:
    assert launch.environment(Means(), GIVEN)["CLAUDE_CODE_DISABLE_AUTO_MEMORY"] == "1"
    assert launch.FORBIDDEN == (
        "Read(//run/pm-agent/session/**)",
        "Edit(//run/pm-agent/session/**)",
    )


def test_nothing_of_the_repository_or_the_person_is_loaded(program: str) -> None:
    argv = words(spec(means=Means(cli=program)))

    assert any(word.startswith("--setting-sources") for word in argv)
    joined = " ".join(argv)
    assert "--strict-mcp-config" in argv
    assert '"failIfUnavailable": true' in joined
    assert '"allowUnsandboxedCommands": false' in joined


def test_a_planner_has_tools_that_read(program: str) -> None:
    told = spec(means=Means(cli=program), kind=TaskKind.PLANNING)

    assert after(words(told), "--tools") == "Read,Grep,Glob,AskUserQuestion"


def test_confinement_stands_on_variables_that_nobody_else_sets() -> None:
    more = {"HTTPS_PROXY": "http://proxy", "CLAUDE_CONFIG_DIR": "/elsewhere", "PATH": "/evil"}
    found = launch.environment(Means(environment=more), GIVEN)

    assert found["HTTPS_PROXY"] == "http://proxy"
    assert found["PM_RUNNER_RUN"] == "r1"
    assert "PM_RUNNER_ASK" not in found
    assert "/evil" not in found["PATH"]
    assert found["CLAUDE_CONFIG_DIR"] == "/run/pm-agent/session"
    assert found["HOME"] == "/run/pm-agent/home"


def test_what_is_secret_is_in_an_open_file_and_in_no_variable(tmp_path: Path) -> None:
    reach = launch.reach(tmp_path, tmp_path, {"ANTHROPIC_API_KEY": "sk"})

    assert reach.secrets == (("CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR", "sk"),)
    assert "sk" not in launch.environment(Means(), GIVEN).values()


def test_what_confines_its_commands_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATH", "/nonexistent")

    with pytest.raises(Refused, match="bwrap is not installed") as refused:
        launch.check()
    assert refused.value.hint == "sudo apt-get install bubblewrap"
