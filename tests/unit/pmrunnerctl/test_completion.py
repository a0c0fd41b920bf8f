import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerctl.completion import SHELLS, completion
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, environment

BASH = shutil.which("bash") or ""
EXAMPLES = completion.example.splitlines()


@pytest.fixture
def bin(tmp_path: Path) -> Path:
    """Return a directory with a pmrunnerctl in it, as a PATH has one."""
    directory = tmp_path / "bin"
    directory.mkdir()
    program = directory / "pmrunnerctl"
    program.write_text(f'#!{BASH}\nexec {sys.executable} -m pmrunnerctl "$@"\n')
    program.chmod(0o755)
    return directory


def typed(bin: Path, line: str, **variables: str) -> tuple[list[str], str]:
    """Return what a real bash offers at the end of a line, and what is said on the way."""
    words = line.split(" ")
    script = f"""
        eval "$(pmrunnerctl completion bash)"
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
        _pmrunnerctl_completion pmrunnerctl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    known = environment(**variables)
    done = subprocess.run(
        [BASH, "--norc", "-c", script],
        env=known | {"PATH": f"{bin}:{known['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.split(), done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_asks_us(ctl: Ctl, shell: str) -> None:
    ended = ctl("completion", shell)
    assert (ended.status, ended.err) == (0, "")
    assert f"_PMRUNNERCTL_COMPLETE={shell}_complete" in ended.out


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_works_in_a_home_where_nothing_is_yet(
    bin: Path, tmp_path: Path, line: str
) -> None:
    known = environment(HOME=str(tmp_path / "home"))
    done = subprocess.run(
        [BASH, "--norc", "-c", line],
        env=known | {"PATH": f"{bin}:{known['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (made,) = (path for path in (tmp_path / "home").rglob("*") if path.is_file())

    assert (done.returncode, done.stderr) == (0, "")
    assert "_PMRUNNERCTL_COMPLETE" in made.read_text()


def test_a_real_bash_completes_verbs_options_and_names(bin: Path, daemon: FakeDaemon) -> None:
    rows = tuple(samples.project_row(alias=alias) for alias in ("cake", "cookie", "pie"))
    daemon.answers[p.ProjectList] = [v.ProjectTable(projects=rows)]
    here = {"PMRUNNER_SOCKET": str(daemon.path)}

    assert typed(bin, "pmrunnerctl st", **here) == (["status", "start", "stop", "state"], "")
    assert typed(bin, "pmrunnerctl chat history --l", **here) == (["--limit"], "")
    assert typed(bin, "pmrunnerctl chat send c", **here) == (["cake", "cookie"], "")


def test_without_a_daemon_a_real_bash_is_told_nothing(bin: Path, tmp_path: Path) -> None:
    nobody = {"PMRUNNER_SOCKET": str(tmp_path / "nobody.sock")}
    assert typed(bin, "pmrunnerctl chat send c", **nobody) == ([], "")
