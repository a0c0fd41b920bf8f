"""The man pages say everything that their sources do; that they are up to date is a rule of the house."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pmrunnerctl.overview import VERBS
from pmrunnerd.model import settings
from pmrunnerd.options import command_line
from tests.house.tree import ROOT

PAGES = sorted((ROOT / "packaging/man").iterdir())


def page(name: str) -> str:
    return (ROOT / "packaging/man" / name).read_text().replace("\\-", "-")


def test_every_verb_is_on_the_page_of_the_client() -> None:
    text = page("pmrunnerctl.1")

    assert [words for words in VERBS if f'.SS "pmrunnerctl {words} ' not in text] == []


def test_every_option_is_on_the_page_of_the_daemon() -> None:
    text = page("pmrunnerd.8")
    options = [name for action in command_line()._actions for name in action.option_strings]

    assert [name for name in options if name not in text and name not in {"-h", "--help"}] == []


def test_every_setting_is_on_the_page_of_the_configuration() -> None:
    text = page("pm-runner.toml.5")

    rows = settings.table()
    assert [
        row.key for row in rows if f"\\fB{row.key}\\fR" not in text or row.help not in text
    ] == []


def test_the_exit_statuses_of_the_daemon_are_on_its_page() -> None:
    table = page("pmrunnerd.8").partition('.SH "EXIT STATUS"')[2]

    assert [status for status in ("70", "74", "75", "78") if f"\n{status}\n" not in table] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_page_names_the_others(path: Path) -> None:
    names = {other.name.rpartition(".")[0] for other in PAGES if other != path}
    (text,) = (page(other.name) for other in PAGES if other == path)

    assert {name for name in names if f"\\fB{name}\\fR(" not in text} == set()


@pytest.mark.elsewhere
@pytest.mark.skipif(shutil.which("man") is None, reason="needs man-db")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_man_understands_each_page(path: Path) -> None:
    command = ["man", "--warnings", "--local-file", str(path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MANWIDTH": "90"},
    )

    assert (done.returncode, done.stderr) == (0, "")
