"""README's way with Claude Code: each of its lines is a command that there is, right after the tour."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pmrunnerctl.overview import OVERALL
from tests.e2e.test_tour import FENCE
from tests.fakes.model import scripted
from tests.house.tree import ROOT
from tests.integration.claude.parts import log_in, plan, question, result, uses, written
from tests.integration.daemon import Daemon, environment
from tests.unit.services.parts import needs_sandbox

# It takes an account, and the network, to do these.
_ELSEWHERE = ("packaging/", ". .venv", "pmrunnerctl agent login", "pmrunnerctl doctor")


def lines() -> list[str]:
    """Return what is to be pasted."""
    text = (ROOT / "README.md").read_text()
    section = text[text.index("<!-- claude -->") : text.index("<!-- end of claude -->")]
    return "".join(body for _, body in FENCE.findall(section)).splitlines()


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("pmrunnerctl ")])
def test_each_command_is_understood(line: str) -> None:
    context = click.Context(OVERALL, info_name="pmrunnerctl", **OVERALL.context_settings)
    command: click.Command | None = OVERALL
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
    assert command is not None
    command.make_context("x", words, parent=context)


@needs_sandbox
def test_the_lines_do_what_they_say_after_the_tour(tmp_path: Path) -> None:
    kitchen = tmp_path / "kitchen"
    bake = [{"name": "bake", "title": "Bake it", "instructions": "Ask, and bake it."}]
    steps = [
        plan("Cake", bake, anywhere="Bake me a cake, as files"),
        uses("AskUserQuestion", questions=[question("Which fruit?", "apple", "cherry")]),
        written(kitchen / "cake.txt", "cherry"),
        result("It is baked.", "cake.txt"),
    ]
    state = tmp_path / "state"
    log_in(state)
    state.chmod(0o700)
    with (
        scripted(*steps) as model,
        Daemon(state, f"--agent-env=ANTHROPIC_BASE_URL={model.url}") as daemon,
    ):
        daemon.add_project("cake")
        daemon.say("cake", 'pm-ask "Which fruit?" apple cherry')
        daemon.until_kind("cake", "question")
        assert daemon.ctl("answer", "q1", "cherry").returncode == 0
        daemon.until_kind("cake", "complete")
        for line in lines():
            if line.startswith(_ELSEWHERE):
                continue
            if line.startswith("pmrunnerctl answer"):
                daemon.until_kind("kitchen", "question")
            # Who waits for an outcome is told that it needs them: the plan waits for approval.
            assert _pasted(line, daemon) == (9 if "--wait" in line else 0), line
        daemon.until_kind("kitchen", "complete")

    assert (kitchen / "cake.txt").read_text() == "cherry"


def _pasted(line: str, daemon: Daemon) -> int:
    here = str(Path(sys.executable).parent)
    variables = environment(daemon.home) | {
        "PATH": os.pathsep.join([here, os.environ["PATH"]]),
        "PMRUNNER_SOCKET": str(daemon.socket),
    }
    return subprocess.run(["bash", "-c", line], env=variables, check=False, timeout=90).returncode


def test_the_first_line_is_one_that_quickstart_takes() -> None:
    assert lines()[0] == "packaging/quickstart --claude --detach"
    usage = (ROOT / "packaging/quickstart").read_text()
    assert "--claude) claude=true" in usage
    assert "--detach) detach=true" in usage
