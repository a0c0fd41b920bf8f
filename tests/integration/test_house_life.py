"""How a daemon begins and ends: what it owes to the one before, what it leaves to the one after."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmrunnerctl.exits import Cannot
from pmrunnerd.api.token import FILE
from pmrunnerd.main import DISK_FAILED
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome, PlanApproval
from pmrunnerd.model.events import RunBegan
from tests.integration.daemon import Daemon, environment, facts
from tests.integration.test_service_manager import heard, hears
from tests.unit.api import desks
from tests.unit.store.parts import opened

# A run that ends only when somebody ends it.
ENDLESS = "sleep 1000"


def kinds(state: Path) -> list[str]:
    return [fact["fact"] for fact in facts(state)]


def at_work(daemon: Daemon) -> str:
    """Return the one run, as soon as its host holds the workspace."""
    with daemon.client() as client:
        for happening in client.stream(p.Events(follow=True)):
            for fact in happening.facts:
                if isinstance(fact, RunBegan):
                    return fact.run
    raise AssertionError("no run")


# Leaving


def test_ctrl_c_parks_what_runs(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        daemon.say("demo", ENDLESS)
        run = at_work(daemon)
        assert daemon.interrupt() == 0
        said = {fact["fact"]: fact for fact in facts(daemon.state)}
        assert (said["run-ended"]["run"], said["run-ended"]["outcome"]) == (run, "interrupted")
        assert said["task-interrupted"]["parked"] is True


def test_the_journal_says_why_each_daemon_left_and_is_silent_where_it_was_killed(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        assert daemon.terminate() == 0
        daemon.start()
        assert daemon.interrupt() == 0
        daemon.start()
        daemon.kill()
        daemon.start()
    left = [fact.get("reason", "") for fact in facts(tmp_path / "state")]
    started = ""
    assert left == [
        *(started, "SIGTERM was received"),
        *(started, "SIGINT was received"),
        started,
        *(started, "a client asked for it"),
    ]
    assert Counter(kinds(tmp_path / "state")) == {"daemon-started": 4, "daemon-stopped": 3}


def test_a_daemon_that_leaves_runs_at_work_starts_no_more_of_them(tmp_path: Path) -> None:
    port = a_free_port()
    with Daemon(tmp_path / "state", f"--web-port={port}") as daemon:
        daemon.add_project("demo", plan_approval=PlanApproval.MANUAL)
        daemon.say("demo", "echo done > done.txt")
        plan = daemon.until_kind("demo", "plan").plan
        until_the_web_door_is_open(daemon)
        with begun(daemon, port, "/api/v1/plan/approve", {"plan": plan}) as finish:
            os.kill(daemon.pid, signal.SIGTERM)
            while daemon.socket.exists():
                time.sleep(0.005)
            # From here on it leaves; what it is asked until it has left is for the next one to do.
            assert finish().startswith(b"HTTP/1.1 200 ")
        assert daemon.wait() == 0
        said = kinds(daemon.state)
        assert said[-2:] == ["plan-approved", "daemon-stopped"]
        assert "run-started" not in said
        daemon.start()
        daemon.until_kind("demo", "complete")


def a_free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def until_the_web_door_is_open(daemon: Daemon) -> None:
    """Wait: it opens a little later than the other, and a daemon is ready without it."""
    while "web" not in {door.name for door in daemon.ask(p.Status()).doors if not door.problem}:
        time.sleep(0.01)


@contextmanager
def begun(
    daemon: Daemon, port: int, path: str, body: dict[str, str]
) -> Iterator[Callable[[], bytes]]:
    """Begin to ask for a change by HTTP; what is given asks the rest, and returns the answer."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {(daemon.state / FILE).read_text().strip()}\r\n"
        f"Idempotency-Key: a\r\nContent-Length: {len(data)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 20) as asking:
        asking.sendall(head.encode())
        # Whoever is told to go on has been heard.
        assert b" 100 " in asking.recv(4096)

        def finish() -> bytes:
            asking.sendall(data)
            return asking.recv(65536)

        yield finish


# Beginning


def test_a_plan_whose_end_an_earlier_daemon_did_not_record_is_settled_at_the_start_and_once(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "state") as store:
        store.commit(desks.added(), desks.posted(), desks.drafted("one"), desks.APPROVED)
        store.commit(desks.started())
        store.commit(
            ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.FAILED, cursor=10),
            ev.TaskFailed(task="t1", project="w1", reason="exit status 1"),
        )
    assert kinds(tmp_path / "state")[-1] == "task-failed"
    with Daemon(tmp_path / "state") as daemon:
        assert daemon.terminate() == 0
        settled = ["daemon-started", "plan-failed", "daemon-stopped"]
        assert kinds(daemon.state)[-3:] == settled
        daemon.start()
        assert daemon.terminate() == 0
        assert kinds(daemon.state)[-5:] == [*settled, "daemon-started", "daemon-stopped"]


# What keeps it from going on


class OnAFailingDisk(Daemon):
    """A daemon of which each thread's n-th wish to sync is refused, by strace."""

    def __init__(self, state: Path, failing: int) -> None:
        super().__init__(state)
        self._failing = failing

    def argv(self) -> list[str]:
        inject = f"inject=fdatasync:error=EIO:when={self._failing}"
        trace = str(self.home / "trace")
        strace = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=fdatasync", "-e", inject]
        return [*strace, *super().argv()]


def skip_without_strace() -> None:
    traced = ["strace", "-qq", "-o", "/dev/null", "true"]
    if shutil.which("strace") is None or subprocess.run(traced, check=False).returncode != 0:
        pytest.skip("strace is not installed, or may not trace here")


def test_a_disk_that_fails_under_way_ends_the_daemon_with_the_status_for_it(tmp_path: Path) -> None:
    skip_without_strace()
    # The first of each thread is the opening and the start; the second is what is asked for.
    daemon = OnAFailingDisk(tmp_path / "state", failing=2)
    daemon.start()
    with daemon.client(patience=0) as client, pytest.raises(Cannot):
        client.call(p.Stop())
    assert daemon.wait() == DISK_FAILED, daemon.log()
    assert daemon.log().count("pmrunnerd: cannot ") == 1
    assert "Traceback" not in daemon.log()


def test_a_disk_that_fails_at_the_start_has_the_same_status(tmp_path: Path) -> None:
    skip_without_strace()
    daemon = OnAFailingDisk(tmp_path / "state", failing=1)
    with pytest.raises(AssertionError, match="pmrunnerd: cannot open"):
        daemon.start()
    assert daemon.wait() == DISK_FAILED


# A house of which the store and the loop work, and the engine only when it is told to.
WEDGED = """
import asyncio, sys
from pmrunnerd.house import House
from pmrunnerd.options import parse

async def live(house):
    engine, desk, watch = house._build()
    async with asyncio.TaskGroup() as group:
        group.create_task(house._store.run())
        group.create_task(house._reporting(engine, desk).run())
        await asyncio.to_thread(sys.stdin.readline)
        group.create_task(engine.run())

house = House(parse(["--state-dir", sys.argv[1], "--web-port=0"], {}))
asyncio.run(live(house))
"""


def test_an_engine_that_hangs_alone_does_not_earn_the_watchdog_until_it_turns(
    tmp_path: Path,
) -> None:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind("")
    manager.settimeout(20)
    address = "@" + manager.getsockname().removeprefix(b"\0").decode()
    argv = [sys.executable, "-c", WEDGED, str(tmp_path / "state")]
    given = environment(tmp_path) | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"}
    with manager, subprocess.Popen(argv, env=given, stdin=subprocess.PIPE) as house:
        try:
            # It was built a moment ago, which counts as a turn.
            hears(manager, b"WATCHDOG=1")
            manager.settimeout(0.8)
            assert heard(manager, at_most=10) < 10
            assert house.poll() is None
            assert house.stdin is not None
            house.stdin.write(b"turn\n")
            house.stdin.flush()
            manager.settimeout(20)
            hears(manager, b"WATCHDOG=1")
        finally:
            house.kill()
