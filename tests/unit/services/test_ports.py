import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.services import ports

ROOT = Path(__file__).parents[3]
LISTEN = """
import socket, sys
family, address = socket.AF_INET, (sys.argv[1], int(sys.argv[2]))
if ":" in sys.argv[1]:
    family = socket.AF_INET6
listener = socket.socket(family)
listener.bind(address)
listener.listen()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def listen_elsewhere(address: str) -> tuple[subprocess.Popen[str], int]:
    """Start a process that listens, and return it with the port it was given."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN, address, "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def ask(python: list[str], wanted: str) -> str:
    return subprocess.run(
        [*python, "-m", "pmrunnerd.services.ports", wanted],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(params=["127.0.0.1", "0.0.0.0", "::"])  # noqa: S104 - what others do
def other(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process, port = listen_elsewhere(request.param)
    with process:
        yield process, port
        process.kill()


def test_a_port_that_nobody_holds_is_free() -> None:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        port = once.getsockname()[1]

    assert ports.holder(port) is None


def test_a_port_is_held_by_whoever_listens_on_it_or_on_all_addresses(
    other: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = other

    found = ports.holder(port)

    assert found is not None
    assert found.pid == process.pid
    assert found.command.startswith(f"{sys.executable} -c")


def test_a_listener_on_another_address_is_not_in_our_way() -> None:
    process, port = listen_elsewhere("127.0.0.2")
    with process:
        assert ports.holder(port) is None
        process.kill()


def test_asking_about_a_port_leaves_it_free() -> None:
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        port = mine.getsockname()[1]

    assert ports.holder(port) is None
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_process_that_cannot_be_seen_is_told_by_its_user() -> None:
    # As from a container, or with the processes of others hidden: the same network, another /proc.
    apart = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs a kernel that lets us make namespaces")
    process, port = listen_elsewhere("127.0.0.1")
    with process:
        answer = ask([*apart, sys.executable], str(port))
        process.kill()

    assert answer == "a process of user root that you may not see\n"


def test_a_command_cannot_write_on_the_readers_terminal() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, "127.0.0.1", "0", "\x1b[2J\n" + "x" * 4096],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = ports.holder(int(process.stdout.readline()))
        process.kill()

    assert found is not None
    assert found.command.isprintable()
    assert len(found.command) < 200


def test_a_socket_is_kept_by_the_process_that_answers_at_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control.sock"))
        listener.listen()

        kept = ports.keeper(tmp_path / "control.sock")

    assert kept is not None
    assert kept.pid == os.getpid()


def test_a_socket_deep_in_the_tree_is_found_too(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["directory-with-a-long-name"] * 6)
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        directory = os.open(deep, os.O_PATH)
        listener.bind(f"/proc/self/fd/{directory}/control.sock")
        os.close(directory)
        listener.listen()

        kept = ports.keeper(deep / "control.sock")

    assert kept is not None


def test_a_socket_that_nobody_answers_at_is_free(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "stale.sock"))
        gone.listen()
    tmp_path.joinpath("file").write_text("")

    assert ports.keeper(tmp_path / "stale.sock") is None
    assert ports.keeper(tmp_path / "file") is None
    assert ports.keeper(tmp_path / "missing.sock") is None
    assert ports.keeper(tmp_path / "missing" / "control.sock") is None


def test_a_socket_too_busy_to_answer_is_not_free(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(str(path))
        listener.listen(0)
        waiting.connect(str(path))

        kept = ports.keeper(path)

    assert kept is not None
    assert kept.pid is None


@pytest.mark.parametrize("of", ["port", "socket"])
def test_a_shell_script_can_ask_too(tmp_path: Path, of: str) -> None:
    path = tmp_path / "control.sock"
    with socket.create_server(("127.0.0.1", 0)) as web, socket.socket(socket.AF_UNIX) as control:
        control.bind(str(path))
        control.listen()
        wanted = str(web.getsockname()[1]) if of == "port" else str(path)
        answer = ask([sys.executable], wanted)

    assert answer.startswith(f"pid {os.getpid()} (")
