"""packaging/quickstart on copies of this checkout: with pip and with uv, twice, and in the way of others."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.checkouts import Environ, copy_to, environ, offline, quickstart
from tests.everything import some

# Installing is slow, and two at once are slower: these tests share what is installed, on one worker.
pytestmark = pytest.mark.xdist_group("quickstart")

INSTALLERS = ["uv", "pip"]  # begins as ANEW does: pytest goes by places, or installs each twice
ANEW = some(INSTALLERS)
STAMP = ".venv/pm-runner-digest"
BY_HASH_OR_NOT_AT_ALL = (
    "import click, daemon, msgspec, sdnotify, starlette, uvicorn, watchdog, pmrunnerd"
)


@pytest.fixture(scope="module", params=INSTALLERS)
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Environ]:
    """A checkout after its first `packaging/quickstart --install-only`."""
    place = tmp_path_factory.mktemp(request.param)
    env = environ(place / "tools", request.param)
    checkout = copy_to(place / "a checkout")
    answer = quickstart(checkout, env, "--install-only")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"making .venv with {request.param}, on Python 3.")
    return checkout, env


@pytest.fixture
def fresh(tmp_path: Path) -> tuple[Path, Environ]:
    """A checkout in which nothing has been installed."""
    return copy_to(tmp_path / "checkout"), environ(tmp_path / "tools", "uv")


def test_quickstart_installs_the_runner_with_all_that_it_needs(
    installed: tuple[Path, Environ],
) -> None:
    checkout, _ = installed

    subprocess.run(
        [checkout / ".venv/bin/python", "-c", BY_HASH_OR_NOT_AT_ALL], cwd="/", check=True
    )
    assert os.access(checkout / ".venv/bin/pmrunnerd", os.X_OK)
    assert os.access(checkout / ".venv/bin/pmrunnerctl", os.X_OK)


def test_the_second_start_installs_nothing_and_needs_no_network(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    before = checkout.joinpath(STAMP).stat().st_mtime_ns

    answer = quickstart(checkout, offline(env), "--install-only")

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert checkout.joinpath(STAMP).stat().st_mtime_ns == before


def test_what_to_type_next_is_said_once_the_daemon_is_there(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    ours = env | {"HOME": str(checkout.parent)}
    damaged = checkout / "state/journal/00000001.jsonl"
    damaged.parent.mkdir()
    damaged.write_text("no journal\n")
    failed = quickstart(checkout, ours, "--detach", "--port", "0")
    shutil.rmtree(damaged.parent)
    started = quickstart(checkout, ours, "--detach", "--port", "0")
    again = quickstart(checkout, ours, "--detach")
    other = quickstart(checkout, ours, "--detach", "--port", "1")
    subprocess.run([checkout / ".venv/bin/pmrunnerctl", "stop"], cwd=checkout, check=True, env=ours)

    assert failed.returncode != 0
    assert "pmrunnerd: cannot read" in failed.stderr
    assert "Next:" not in failed.stdout
    assert started.returncode == 0, started.stderr
    assert "runs in the background" in started.stdout.partition("Next:")[0]
    assert "pmrunnerctl project add demo DIR" in started.stdout.partition("Next:")[2]
    # What was pasted once can be pasted again; what the daemon does not have cannot be had so.
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("pm-runner runs here already, as pid ")
    assert again.stdout.partition("Next:")[2] == started.stdout.partition("Next:")[2]
    assert other.returncode == 1
    assert "cannot start pm-runner here: it runs already, as pid " in other.stderr


def test_that_no_run_can_begin_is_said_before_what_to_type_next(
    installed: tuple[Path, Environ], tmp_path: Path
) -> None:
    checkout, env = installed
    for program in Path("/usr/bin").iterdir():
        if program.name not in {"bwrap", "socat"}:
            tmp_path.joinpath(program.name).symlink_to(program)
    bare = env | {"HOME": str(checkout.parent), "PATH": str(tmp_path)}
    said = []
    for more in ((), ("--unconfined",)):
        answer = quickstart(checkout, bare, "--detach", "--port", "0", *more)
        subprocess.run(
            [checkout / ".venv/bin/pmrunnerctl", "stop"], cwd=checkout, check=True, env=bare
        )
        said.append(answer.stdout.partition("Next:")[0])

    first, accepted = said
    assert "No run can begin: bubblewrap is not installed\n    sudo apt-get install" in first
    again = "pmrunnerctl stop && packaging/quickstart --detach --unconfined   # accepts the risk"
    assert again in first
    assert "No run can begin" not in accepted


@pytest.mark.parametrize("installed", ANEW, indirect=True, scope="module")
def test_an_environment_that_is_made_anew_says_why_and_keeps_the_protocol_that_was_added(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    (packages,) = checkout.glob(".venv/lib/python*/site-packages")
    (packages / "acp").mkdir()
    with (checkout / "pyproject.toml").open("a") as project:
        project.write("# changed\n")

    answer = quickstart(checkout, env, "--install-only")

    assert answer.returncode == 0, answer.stderr
    first, second, third = answer.stdout.splitlines()
    assert first.startswith("making .venv anew: what it is made from has changed; only what")
    assert second.startswith("making .venv with ")
    assert third == "keeping agent-client-protocol, for agent acp"
    subprocess.run(
        [checkout / ".venv/bin/python", "-c", "import acp.schema, pmrunnerd"], cwd="/", check=True
    )


def test_a_checkouts_state_becomes_private(installed: tuple[Path, Environ]) -> None:
    checkout, env = installed
    (checkout / "state").chmod(0o755)

    assert quickstart(checkout, offline(env), "--install-only").returncode == 0
    assert (checkout / "state").stat().st_mode & 0o7777 == 0o700


def test_an_activated_environment_is_not_taken_for_another_python(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    activated = {name: value for name, value in env.items() if name != "PYTHON"}
    activated["PATH"] = f"{checkout}/.venv/bin:{env['PATH']}"

    answer = quickstart(checkout, offline(activated), "--install-only")

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_an_install_that_was_killed_is_done_again(fresh: tuple[Path, Environ]) -> None:
    checkout, env = fresh
    command = ["packaging/quickstart", "--install-only"]
    with subprocess.Popen(command, cwd=checkout, env=env, start_new_session=True) as first:
        while not checkout.joinpath(".venv/bin").exists():
            time.sleep(0.005)
        os.killpg(first.pid, signal.SIGKILL)
    assert checkout.joinpath(STAMP).read_text() == ""

    answer = quickstart(checkout, env, "--install-only")

    assert answer.returncode == 0, answer.stderr
    assert quickstart(checkout, offline(env), "--install-only").stdout == ""


def test_without_a_network_the_first_start_says_what_to_do(fresh: tuple[Path, Environ]) -> None:
    checkout, env = fresh

    answer = quickstart(checkout, offline(env), "--install-only")

    assert answer.returncode == 1
    assert answer.stderr.endswith(
        "quickstart: cannot install from packaging/requirements.lock: uv said why, above\n"
        "  hint: packaging/quickstart   # begins again\n"
    )


def test_a_port_in_use_is_told_by_pid_and_command(fresh: tuple[Path, Environ]) -> None:
    checkout, env = fresh
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = quickstart(checkout, env, "--port", str(port))

    assert answer.returncode == 1
    assert f"port {port} is in use by pid {os.getpid()} (" in answer.stderr
    assert f"hint: packaging/quickstart --port {port + 1}" in answer.stderr
    assert not checkout.joinpath(".venv").exists()


def test_the_port_that_the_environment_names_is_the_one_that_must_be_free(
    fresh: tuple[Path, Environ],
) -> None:
    checkout, env = fresh
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        answer = quickstart(checkout, env | {"PMRUNNER_WEB_PORT": port})

    assert f"port {port} is in use by pid {os.getpid()} (" in answer.stderr


def listen_as_daemon(checkout: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    directory = os.open(checkout / "state", os.O_PATH)
    listener.bind(f"/proc/self/fd/{directory}/control.sock")
    os.close(directory)
    listener.listen()
    return listener


@pytest.mark.parametrize("arguments", [[], ["--detach"], ["--install-only"]])
def test_a_daemon_that_runs_here_already_is_named_and_left_alone(
    fresh: tuple[Path, Environ], arguments: list[str]
) -> None:
    checkout, env = fresh
    with listen_as_daemon(checkout):
        answer = quickstart(checkout, env, *arguments)

    assert answer.returncode == 1
    assert f"it runs already, as pid {os.getpid()} (" in answer.stderr
    assert "hint: .venv/bin/pmrunnerctl stop" in answer.stderr
    assert not checkout.joinpath(".venv").exists()


def test_a_hint_works_from_where_it_is_read(fresh: tuple[Path, Environ]) -> None:
    checkout, env = fresh
    with listen_as_daemon(checkout):
        answer = subprocess.run(
            ["../checkout/packaging/quickstart"],
            cwd=checkout.parent / "tools",
            env=env,
            check=False,
            capture_output=True,
            text=True,
        )

    assert f"hint: cd {checkout} && .venv/bin/pmrunnerctl stop" in answer.stderr
