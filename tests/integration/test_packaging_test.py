"""What packaging/test does about programs that a machine lacks, before it makes its environment."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT

# It comes to choosing a Python after that, and this one stops it there.
THEN_STOP = {"PYTHON": "/no/such/python"}
STOPPED = "test: cannot make an environment:"


LIST = ROOT.joinpath("packaging/debian-test-packages.txt").read_text().splitlines()
WANTED = [line.split()[0] for line in LIST if not line.startswith("#")]
MISSING = " ".join(name for name in WANTED if name != "git")


def program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def packaging_test(tools: Path, *words: str, ci: bool) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **THEN_STOP, "PATH": f"{tools}:{os.environ['PATH']}"}
    others = {"CI", "DEBIAN_FRONTEND", "PMRUNNER_GATE", "PMRUNNER_PREPARED"}
    env = {name: value for name, value in env.items() if name not in others}
    return subprocess.run(
        [ROOT / "packaging/test", *words],
        cwd="/",
        env=env | {"CI": "true"} if ci else env,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A machine with git and nothing else of what the tests use, and an apt-get that writes down."""
    program(tmp_path, "dpkg-query", '[ "$4" = git ] && printf installed || exit 1')
    program(tmp_path, "apt-get", f'echo "$DEBIAN_FRONTEND apt-get $*" >> {tmp_path}/calls')
    return tmp_path


def test_a_person_is_told_the_one_line_and_the_run_goes_on(tools: Path) -> None:
    answer = packaging_test(tools, ci=False)

    assert answer.stdout == (
        f"some tests need more than this machine has: sudo apt-get install {MISSING}\n"
    )
    assert answer.stderr.startswith(STOPPED)
    assert not tools.joinpath("calls").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs what is missing")
def test_ci_installs_what_is_missing_as_root(tools: Path) -> None:
    answer = packaging_test(tools, ci=True)

    assert answer.stderr.startswith(STOPPED)
    assert tools.joinpath("calls").read_text().splitlines() == [
        " apt-get update --quiet",
        f"noninteractive apt-get install --quiet --yes --no-install-recommends {MISSING}",
    ]


def test_a_machine_that_has_everything_hears_nothing(tools: Path) -> None:
    program(tools, "dpkg-query", "printf installed")

    answer = packaging_test(tools, ci=True)

    assert answer.stdout == ""
    assert not tools.joinpath("calls").exists()


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_makes_and_installs_nothing(tools: Path, word: str) -> None:
    answer = packaging_test(tools, word, ci=True)

    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("Usage: packaging/test ")
    assert "Runs every test that this machine can run" in answer.stdout
    assert not tools.joinpath("calls").exists()


def test_every_package_is_listed_with_its_reason() -> None:
    assert [line for line in LIST if not line.partition("#")[2].strip()] == []
