"""A daemon whose sockets the service manager holds: found by name, and never lost in a restart."""

import os
import socket
import time
from functools import partial
from pathlib import Path

import pytest

from pmrunnerctl.client import Client
from pmrunnerctl.exits import Cannot
from pmrunnerctl.where import Place
from pmrunnerd.model import protocol as p
from tests.bench.knocks import Crowd, by_port, by_socket
from tests.house.tree import ROOT
from tests.integration.held import manager


def ask(path: Path, request: p.Request[p.R]) -> p.R:
    client = Client(Place(path, ""), patience=20, tell=lambda _: None)
    try:
        return client.call(request)
    finally:
        client.close()


def test_no_request_is_lost_while_the_daemon_is_restarted_under_load(tmp_path: Path) -> None:
    with manager(tmp_path, "web", "read", "control") as held:
        ways = (
            partial(by_socket, held.path("control")),
            partial(by_socket, held.path("read")),
            partial(by_port, held.port),
        )
        with Crowd(time.monotonic, *ways) as crowd:
            for _ in range(6):
                with held.daemon():
                    answered = [knocks.answered for knocks in crowd.of]
                    while any(
                        now.answered - before < 20
                        for now, before in zip(crowd.of, answered, strict=True)
                    ):
                        time.sleep(0.01)
            with held.daemon():
                crowd.leave()
    assert [dict(knocks.failed) for knocks in crowd.of] == [{}, {}, {}], held.log()


def test_whoever_comes_while_there_is_no_daemon_is_answered_by_the_next(tmp_path: Path) -> None:
    with manager(tmp_path, "control", "web") as held:
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.connect(str(held.path("control")))
            with held.daemon():
                pass
        with Crowd(time.monotonic, partial(by_port, held.port)) as crowd, held.daemon():
            while not crowd.of[0].answered:
                time.sleep(0.01)
            crowd.leave()
        assert not crowd.of[0].failed


def test_by_the_socket_for_readers_nobody_does_more_than_read(tmp_path: Path) -> None:
    with manager(tmp_path, "read", "control") as held, held.daemon():
        doors = {door.name: door for door in ask(held.path("read"), p.Status()).doors}
        assert doors["read"].address == str(held.path("read"))
        with pytest.raises(Cannot, match=r"cannot do drain: .* may read, not operate"):
            ask(held.path("read"), p.Drain())
        ask(held.path("control"), p.Drain())


def test_without_a_socket_for_the_web_door_the_daemon_works_and_says_why(tmp_path: Path) -> None:
    why = "port 3502 is in use by pid 412 (python3 -m http.server)"
    with manager(tmp_path, "control") as held:
        (tmp_path / "web.problem").write_text(why + "\n")
        with held.daemon():
            doors = {door.name: door for door in ask(held.path("control"), p.Status()).doors}
            assert doors["web"].problem == why


def test_each_address_that_the_web_socket_has_is_answered(tmp_path: Path) -> None:
    """Who adds a `ListenStream=` has one more, and nobody is to wait at the other for ever."""
    with manager(tmp_path, "control", "web") as held:
        more = held.sockets["web#2"] = socket.create_server(("::1", 0), family=socket.AF_INET6)
        with held.daemon():
            doors = {door.name: door for door in ask(held.path("control"), p.Status()).doors}
            assert doors["web"].address == f"http://127.0.0.1:{held.port}"
            for address in (("127.0.0.1", held.port), more.getsockname()[:2]):
                with socket.create_connection(address, 20) as page:
                    page.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    assert page.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("before", [(), ("web",)], ids=("alone", "second"))
def test_a_web_socket_that_other_machines_reach_is_refused(
    tmp_path: Path, before: tuple[str, ...]
) -> None:
    with manager(tmp_path, "control", *before) as held:
        held.sockets["web#2"] = socket.create_server(("0.0.0.0", 0))  # noqa: S104
        daemon = held.start()
        assert daemon.wait(30) == 1
        assert "other machines could reach it" in held.log()


@pytest.mark.parametrize(("job", "why"), [("stop", "to stop"), ("restart", "was received")])
def test_the_manager_is_asked_whether_it_stops_or_restarts_us(
    tmp_path: Path, job: str, why: str
) -> None:
    path = f"{ROOT}/tests/fakes:{os.environ['PATH']}"
    with manager(tmp_path, "control", "read") as held:
        with held.daemon(PATH=path, JOB=job):
            pass
        assert f'leaving why="SIGTERM was received{", " if job == "stop" else ""}' in held.log()
        assert why in held.log()


def test_a_written_configuration_is_used_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    file = tmp_path / "test.toml"
    file.write_text("[runs]\nslots = 3\n")
    with manager(tmp_path, "control", "read") as held, held.daemon(f"--config={file}"):
        file.write_text("[runs]\nslots = 4\n[web]\nport = 4000\n")
        told = held.hears("restart needed")
        assert "web door: the service manager holds no socket for it; restart needed" in told
        assert "0 of 4 running" in told
        file.write_text("[runs]\nslots = 0\n")
        assert "runs.slots" in held.hears("the configuration is not used")
        with pytest.raises(Cannot, match=r"runs\.slots"):
            ask(held.path("control"), p.Reload())
        assert ask(held.path("control"), p.Status()).slots == 4


def test_soon_after_its_start_it_does_not_restart_itself(tmp_path: Path) -> None:
    with (
        manager(tmp_path, "control", "read") as held,
        held.daemon(),
        pytest.raises(Cannot, match=r"it started . s ago"),
    ):
        ask(held.path("control"), p.Restart())
