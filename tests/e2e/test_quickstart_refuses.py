"""What packaging/quickstart will not do, and the words in which it says so."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.checkouts import Environ, copy_to, environ, quickstart
from tests.e2e.test_quickstart import listen_as_daemon

# A Python that is told it is another: what quickstart asks of it, it answers as that one would.
OTHER_PYTHON = """#!/bin/sh
exec {python} -c '
import platform, sys
sys.version_info = {version!r}
platform.python_version = lambda: ".".join(map(str, sys.version_info))
exec(sys.argv[1])
' "$2"
"""


@pytest.fixture
def fresh(tmp_path: Path) -> tuple[Path, Environ]:
    """A checkout in which nothing has been installed, on a machine without uv."""
    return copy_to(tmp_path / "checkout"), environ(tmp_path / "tools", "pip")


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 9, 18), "too old"), ((3, 10, 0), "too old"), ((3, 14, 1), "too new")],
)
def test_a_python_that_does_not_fit_is_told_by_its_version(
    fresh: tuple[Path, Environ], version: tuple[int, ...], verdict: str
) -> None:
    checkout, env = fresh
    other = checkout.with_name("other-python")
    other.write_text(OTHER_PYTHON.format(python=sys.executable, version=version))
    other.chmod(0o755)

    answer = quickstart(checkout, env | {"PYTHON": str(other)})

    shown = ".".join(map(str, version))
    assert answer.returncode == 1
    assert f"runs on Python 3.11 to 3.13, and {other} is {shown}, {verdict}\n" in answer.stderr
    assert "hint: PYTHON=/path/to/python3.12 packaging/quickstart" in answer.stderr


def test_a_python_that_is_not_there_is_told_by_its_name(fresh: tuple[Path, Environ]) -> None:
    checkout, env = fresh

    answer = quickstart(checkout, env | {"PYTHON": "/no/such/python"})

    assert answer.returncode == 1
    assert "and there is no /no/such/python\n" in answer.stderr


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_bare_debian_is_told_the_exact_package(fresh: tuple[Path, Environ], missing: str) -> None:
    checkout, env = fresh
    bare = checkout.with_name("bare")
    bare.mkdir()
    bare.joinpath(f"{missing}.py").write_text(f"raise ImportError('no {missing} here')")
    tools = checkout.with_name("tools")
    tools.joinpath("apt-get").symlink_to("/bin/false")
    env |= {"PYTHONPATH": str(bare), "PATH": f"{tools}:{env['PATH']}"}

    answer = quickstart(checkout, env, "--install-only")

    assert answer.returncode == 1
    assert answer.stderr.endswith(
        f"hint: sudo apt-get install python3.{sys.version_info.minor}-venv\n"
    )
    assert not checkout.joinpath(".venv/bin").exists()


def test_an_environment_that_somebody_else_made_is_not_touched(
    fresh: tuple[Path, Environ],
) -> None:
    checkout, env = fresh
    checkout.joinpath(".venv").mkdir()
    checkout.joinpath(".venv/precious").write_text("mine")

    answer = quickstart(checkout, env, "--install-only")

    assert answer.returncode == 1
    assert f"hint: mv {checkout}/.venv {checkout}/.venv.mine\n" in answer.stderr
    assert checkout.joinpath(".venv/precious").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--port"], "'' is not a port"),
        (["--port", "08"], "'08' is not a port"),
        (["--port=65536"], "'65536' is not a port"),
        (["--port", "--detach"], "'--detach' is not a port"),
        (["--prod"], "there is no option --prod"),
        (["start"], "there is no option start"),
    ],
)
def test_an_option_that_makes_no_sense_starts_nothing(
    fresh: tuple[Path, Environ], arguments: list[str], why: str
) -> None:
    checkout, env = fresh

    answer = quickstart(checkout, env, *arguments)

    assert answer.returncode == 2
    assert answer.stderr == (
        f"quickstart: cannot start: {why}\n  hint: packaging/quickstart --help\n"
    )


def test_help_says_what_happens_and_what_does_not(fresh: tuple[Path, Environ]) -> None:
    checkout, env = fresh

    answer = quickstart(checkout, env, "--help")

    assert answer.returncode == 0
    assert "Outside this checkout nothing is changed." in answer.stdout
    assert not checkout.joinpath(".venv").exists()


def test_quickstart_works_from_any_directory_and_by_a_link(
    fresh: tuple[Path, Environ], tmp_path: Path
) -> None:
    checkout, env = fresh
    link = tmp_path / "pm-runner"
    link.symlink_to(checkout)

    answer = subprocess.run(
        [link / "packaging/quickstart", "--help"], cwd="/", env=env, check=True, capture_output=True
    )

    assert answer.stdout.startswith(b"Usage: packaging/quickstart")


def test_the_hint_of_a_port_in_use_has_the_other_options_again(
    fresh: tuple[Path, Environ],
) -> None:
    checkout, env = fresh
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        options = ("--claude", "--detach", "--unconfined", "--port", str(port))
        answer = quickstart(checkout, env, *options)

    again = f"packaging/quickstart --claude --detach --unconfined --port {port + 1}"
    assert f"hint: {again}" in answer.stderr


def test_claude_code_is_not_installed_under_a_daemon_that_runs_and_that_is_said(
    fresh: tuple[Path, Environ],
) -> None:
    checkout, env = fresh
    with listen_as_daemon(checkout):
        answer = quickstart(checkout, env, "--claude", "--detach")

    assert answer.returncode == 1
    assert (
        f"cannot install Claude Code: pm-runner runs here, as pid {os.getpid()} (" in answer.stderr
    )
    again = ".venv/bin/pmrunnerctl stop && packaging/quickstart --claude --detach"
    assert f"hint: {again}" in answer.stderr
