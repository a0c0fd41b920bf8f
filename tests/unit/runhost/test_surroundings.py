from pathlib import Path

from pmrunnerd.runhost.surroundings import environment
from pmrunnerd.services.confined import Confined
from pmrunnerd.services.sandbox import Sandbox
from tests.unit.services.parts import RUN, spec, unconfined


def _confined(path: Path) -> dict[str, str]:
    cell = Confined(Sandbox(bwrap="bwrap", machine=(), workspace=path))
    return environment(spec(path), cell, "/home/anna/bin:/usr/bin")


def test_a_confined_command_gets_the_system_s_programs_and_pm_ask_first(tmp_path: Path) -> None:
    path = _confined(tmp_path)["PATH"].split(":")

    assert path[0] == "/run/pm-agent/bin"
    assert "/usr/bin" in path
    assert "/home/anna/bin" not in path


def test_an_unconfined_command_gets_the_operator_s_programs_and_pm_ask_first(
    tmp_path: Path,
) -> None:
    found = environment(spec(tmp_path), unconfined(tmp_path, tmp_path), "/home/anna/bin")

    assert found["PATH"] == f"{tmp_path}/bin:/home/anna/bin"
    assert found["HOME"] == found["TMPDIR"] == f"{tmp_path}/home"


def test_commits_of_a_run_can_be_told_from_anybody_else_s(tmp_path: Path) -> None:
    found = _confined(tmp_path)

    assert found["GIT_COMMITTER_EMAIL"] == f"{RUN}@pm-runner.invalid"
    assert found["GIT_AUTHOR_EMAIL"] == f"{RUN}@pm-runner.invalid"


def test_nothing_is_passed_on_that_is_not_listed(tmp_path: Path) -> None:
    assert set(_confined(tmp_path)) == {
        *("PATH", "HOME", "LANG", "TERM", "TMPDIR"),
        *("PM_RUNNER_RUN", "PM_RUNNER_TASK", "PM_RUNNER_PROJECT", "PM_RUNNER_ASK"),
        *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
        *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0", "GIT_TERMINAL_PROMPT"),
    }
