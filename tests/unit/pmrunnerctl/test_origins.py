import os
import subprocess
import sys

import pytest

from pmrunnerctl import origins
from tests.unit.pmrunnerctl.conftest import environment


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["/venv/bin/python", "/venv/bin/pmrunnerd", "--env", "dev"], ["--env", "dev"]),
        (["python", "-m", "pmrunnerd.main", "--detach", "--port=1"], ["--port=1"]),
        (["python", "/src/pmrunnerd/main.py", "--x"], ["--x"]),
        (["sleep", "60"], []),
        ([], []),
    ],
)
def test_a_daemons_options_are_what_follows_its_name(words: list[str], options: list[str]) -> None:
    assert origins._options(words) == options


def test_the_options_of_a_process_that_is_gone_are_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass

    assert origins.arguments_of(ended.pid) == []
    assert origins.settings_of(ended.pid) is None
    assert origins.arguments_of(0) == []
    assert origins.settings_of(0) is None


def test_of_its_variables_those_that_set_something_are_told() -> None:
    variables = {"PMRUNNER_RUNS_TOTAL": "7=7", "PMRUNNERS": "2", "SECRET": "x"}
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**environment(), **variables},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = origins.settings_of(process.pid)
        process.communicate(b"\n")

    assert found == {"PMRUNNER_RUNS_TOTAL": "7=7"}
    assert os.environ.get("PMRUNNER_RUNS_TOTAL") is None
