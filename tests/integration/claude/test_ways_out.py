"""Ways to the network, and out of a run's time: what a model may ask for, and nobody can allow."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Used
from pmrunnerd.model.questions import ALLOW_TASK
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.claude.permissions import Permissions
from tests.fakes.model import Step, scripted
from tests.integration.claude import weak
from tests.integration.claude.parts import Claudes, result, uses
from tests.integration.runhost.hosts import Hosts, end, every
from tests.integration.runhost.walls import weaker
from tests.unit.services.agents.parts import answered
from tests.unit.services.parts import eventually, needs_sandbox, processes

pytestmark = needs_sandbox

# By the CLI's proxy, which is not used for this machine unless it is told to be; and by none.
_CURL = "curl -fsS --max-time 20 --noproxy {by} http://127.0.0.1:{port}/"
WAYS = {
    "by its proxy": (_CURL.format(by="''", port="{port}"), "no host for its proxy"),
    "without its sandbox": (_CURL.format(by="'*'", port="{port}"), "no way around its sandbox"),
    "WebFetch": ("http://127.0.0.1:{port}/", "permissions"),
}


@contextlib.contextmanager
def _port() -> Iterator[tuple[int, list[bytes]]]:
    """Lend a port like a daemon's web port, and what came to it."""
    came: list[bytes] = []

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = server.accept()
                with caller:
                    caller.settimeout(5)
                    came.append(caller.recv(1000))
                    caller.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nyes")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _use(way: str, port: int) -> Step:
    text = WAYS[way][0].replace("{port}", str(port))
    if way == "WebFetch":
        return uses("WebFetch", url=text, prompt="what does it say?")
    more: dict[str, Any] = (
        {"dangerouslyDisableSandbox": True} if way == "without its sandbox" else {}
    )
    return uses("Bash", command=text, **more)


def _allowed(workspace: Path, steps: list[Step]) -> tuple[Answered, ...]:
    """Return what a person says who allows everything that was ever asked."""
    asks = Permissions([], str(workspace))
    uses = [*(use for step in steps for use in step.tools), ("SandboxNetworkAccess", {})]
    return tuple(answered(asks.ask(tool, given), ALLOW_TASK) for tool, given in uses)


def test_no_tool_reaches_a_port_of_this_machine_whatever_a_person_allowed(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts, _port() as (port, came):
        steps = [_use(way, port) for way in WAYS]
        allowed = _allowed(hosts.workspace, steps)
        with scripted(*steps, result()) as model:
            said = Claudes(hosts, model).run(answers=allowed)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [one.failed for one in every(said, Used)] == [True] * len(WAYS), said
        assert every(said, Asked) == []
        assert came == []


@pytest.mark.parametrize("way", WAYS)
def test_each_reaches_it_where_exactly_what_guards_it_is_missing(tmp_path: Path, way: str) -> None:
    wall = WAYS[way][1]
    without = (wall, "asks what it fetches") if way == "WebFetch" else (wall,)
    with (
        Hosts(tmp_path, path=weaker(tmp_path / "bin", shown=(weak.CLI,))) as hosts,
        _port() as (port, came),
        scripted(_use(way, port), result()) as model,
    ):
        said = Claudes(hosts, model, cli=weak.cli(tmp_path / "cli", *without)).run()

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert came, said


@pytest.mark.parametrize("walls", [True, False])
def test_what_a_command_starts_does_not_outlive_the_run(tmp_path: Path, *, walls: bool) -> None:
    word = f"77{os.getpid()}{int(walls)}"
    flees = f"setsid -f sleep {word}; nohup sleep {word} & env -i setsid -f sleep {word}; true"
    waits = uses("Bash", command=f"sleep {word}", run_in_background=True)
    steps = [
        uses("Bash", command=flees),
        waits,
        uses("Bash", command="until rm go; do sleep 0.1; done"),
    ]
    with Hosts(tmp_path, path=weaker(tmp_path / "bin", shown=(weak.CLI,))) as hosts:
        without = () if walls else ("its sandbox",)
        with scripted(*steps, result()) as model:
            claudes = Claudes(hosts, model, cli=weak.cli(tmp_path / "cli", *without))
            run = claudes.start()
            # Its own sandbox ends with each command; what is there is there until the run ends.
            eventually(lambda: len(processes(f"sleep\0{word}")) == (1 if walls else 4))
            (hosts.workspace / "go").touch()
            said = hosts.over(run)

    assert end(said).outcome is Outcome.SUCCEEDED, said
    assert processes(f"sleep\0{word}") == []
