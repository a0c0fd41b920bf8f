"""README's way with Claude Code: each of its lines is a command that there is, with options it takes."""

import shlex

import click
import pytest

from pmrunnerctl.overview import OVERALL
from tests.house.tree import ROOT


def lines() -> list[str]:
    """Return what is to be pasted."""
    text = (ROOT / "README.md").read_text()
    section = text[text.index("<!-- claude -->") : text.index("<!-- end of claude -->")]
    return section.partition("```sh\n")[2].partition("```")[0].splitlines()


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("pmrunnerctl ")])
def test_each_command_is_understood(line: str) -> None:
    context = click.Context(OVERALL, info_name="pmrunnerctl")
    command: click.Command | None = OVERALL
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
    assert command is not None
    command.make_context("x", words, parent=context)


def test_the_first_line_is_one_that_quickstart_takes() -> None:
    assert lines()[0] == "packaging/quickstart --claude --detach"
    usage = (ROOT / "packaging/quickstart").read_text()
    assert "--claude) claude=true" in usage
    assert "--detach) detach=true" in usage
