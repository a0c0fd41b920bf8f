import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from io import FileIO
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


def in_fish(bin: Path, lines: Sequence[str], known: Mapping[str, str]) -> list[list[str]]:
    """Return what a real fish offers at the end of each line."""
    asked = "\n".join(f"complete -C '{line}'; echo ==" for line in lines)
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"pmrunnerctl completion fish | source\n{asked}"],
        env=dict(known) | {"PATH": f"{bin}:{known['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    offers = done.stdout.split("==\n")[:-1]
    return [[one.split("\t")[0] for one in offer.splitlines()] for offer in offers]


# A key says the line as it stands, and begins another.
ZSHRC = """\
autoload -Uz compinit; compinit -u -D; eval "$(pmrunnerctl completion zsh)"
next() { printf '\\x1e%s\\x1f' "$BUFFER"; BUFFER= }
zle -N next; bindkey '^X' next; printf '\\x1f'
"""


def in_zsh(bin: Path, lines: Sequence[str], known: Mapping[str, str]) -> list[list[str]]:
    """Return which word a real zsh puts at the end of each line; it completes at a terminal only."""
    (bin / ".zshrc").write_text(ZSHRC)
    keyboard, terminal = os.openpty()
    variables = dict(known) | {"ZDOTDIR": str(bin), "TERM": "dumb"}
    variables["PATH"] = f"{bin}:{known['PATH']}"
    with (
        os.fdopen(keyboard, "r+b", buffering=0) as person,
        subprocess.Popen(
            ["zsh", "-d", "-i"],
            env=variables,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        ) as zsh,
    ):
        os.close(terminal)
        ends = [until_said(person).rpartition(b"\x1e")[2].decode()]
        for line in lines:
            person.write(f"{line}\t\x18".encode())
            ends.append(until_said(person).rpartition(b"\x1e")[2].decode())
        zsh.kill()
    more = zip(ends[1:], lines, strict=True)
    return [[end.split()[-1]] if end.rstrip() != line.rstrip() else [] for end, line in more]


def until_said(person: FileIO) -> bytes:
    """Return what a terminal shows up to the sign that a line is done."""
    said = b""
    while not said.endswith(b"\x1f"):
        said += person.read(1) or b""
    return said


@pytest.mark.parametrize(("shell", "offered"), [("fish", in_fish), ("zsh", in_zsh)])
def test_the_other_shells_complete_verbs_options_and_names_and_are_told_nothing_else(
    bin: Path,
    daemon: FakeDaemon,
    shell: str,
    offered: Callable[[Path, Sequence[str], Mapping[str, str]], list[list[str]]],
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}: apt-get install {shell}")
    rows = tuple(samples.project_row(alias=alias) for alias in ("cake", "pie"))
    daemon.answers[p.ProjectList] = [v.ProjectTable(projects=rows)] * 2
    lines = {
        "pmrunnerctl statu": ["status"],
        "pmrunnerctl task canc": ["cancel"],
        "pmrunnerctl chat history --lim": ["--limit"],
        "pmrunnerctl chat send c": ["cake"],
        "pmrunnerctl nonsense x": [],
        "pmrunnerctl task nonsense x": [],
    }
    known = environment(PMRUNNER_SOCKET=str(daemon.path))
    assert dict(zip(lines, offered(bin, list(lines), known), strict=True)) == lines


@pytest.mark.parametrize("line", ["task canc", "--env prod run canc", "run --json canc"])
def test_a_verb_of_a_noun_is_completed(bin: Path, line: str) -> None:
    assert typed(bin, f"pmrunnerctl {line}") == (["cancel"], "")


@pytest.mark.parametrize("line", ["nonsense x", "task nonsense x", "--env", "chat send --wait=x "])
def test_nothing_is_said_into_a_line_that_makes_no_sense_yet(bin: Path, line: str) -> None:
    assert typed(bin, f"pmrunnerctl {line}")[1] == ""


def test_without_a_daemon_a_real_bash_is_told_nothing(bin: Path, tmp_path: Path) -> None:
    nobody = {"PMRUNNER_SOCKET": str(tmp_path / "nobody.sock")}
    assert typed(bin, "pmrunnerctl chat send c", **nobody) == ([], "")
