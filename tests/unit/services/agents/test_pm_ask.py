import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.services.agents import pm_ask


def _ask(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-I", "-S", pm_ask.__file__, *words],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_says_that_the_script_ends_and_begins_again(option: str) -> None:
    done = _ask(option)

    assert done.returncode == 0
    assert "ENDS here" in done.stdout
    assert "FROM ITS START" in done.stdout
    assert "Example: colour=$(pm-ask" in done.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "there is no question"),
        (("",), "there is no question"),
        ((" \n",), "there is no question"),
        (("ü" * 4097,), "the question has 8194 bytes; 8192 is the limit"),
        (("q", *"abcdefghijklmnopqrstu"), "there are 21 options; 20 is the limit"),
        (("q", "x" * 1025), "an option has 1025 bytes; 1024 is the limit"),
        (("q", "yes", ""), "an option is empty"),
        (("\udcff",), "it is not UTF-8"),
    ],
)
def test_what_cannot_be_asked_is_status_2_with_the_reason(words: tuple[str, ...], why: str) -> None:
    done = _ask(*words)

    assert done.returncode == 2
    assert done.stderr == f"pm-ask: cannot ask: {why}\n  hint: pm-ask --help\n"
    assert done.stdout == ""


def test_the_limits_themselves_are_allowed() -> None:
    assert pm_ask.why_not("x" * 8192, ["y" * 1024] * 20) == ""


def test_without_a_run_host_it_fails_and_prints_no_answer(tmp_path: Path) -> None:
    for variables in ({}, {pm_ask.VARIABLE: str(tmp_path / "gone")}):
        done = _ask("q", **variables)
        assert done.returncode == 70
        assert "the run host does not answer" in done.stderr
        assert done.stdout == ""
