"""A daemon that is there and does not answer: it is said soon, by its process, with what helps."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.daemon import Daemon


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path / "state") as daemon:
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            yield daemon
        finally:
            os.kill(daemon.pid, signal.SIGCONT)


@pytest.mark.parametrize("words", [("status",), ("stop",), ("start",), ("chat", "send", "x", "y")])
def test_a_daemon_that_hangs_is_named_with_what_ends_it(
    hanging: Daemon, words: tuple[str, ...]
) -> None:
    done = hanging.ctl("--wait", "2", *words)

    assert (done.returncode, done.stdout) == (5, "")
    told, cannot, carry_on, end = done.stderr.splitlines()
    assert told == "waiting for pmrunnerd, at most 2 s: it does not answer"
    assert cannot.endswith(f"{hanging.socket}: it does not answer (pid {hanging.pid})")
    assert carry_on.startswith(f"  hint: kill -CONT {hanging.pid} ")
    again = f"pmrunnerctl --socket {hanging.socket} start"
    assert end.startswith(f"  hint: kill -9 {hanging.pid}; {again}   # nothing")


def test_a_daemon_that_hangs_is_waited_for_as_long_as_was_said(hanging: Daemon) -> None:
    began = time.monotonic()
    done = hanging.ctl("--wait", "7", "status")

    assert done.returncode == 5
    assert time.monotonic() - began >= 7  # unasked, five seconds are waited


def test_doctor_calls_a_daemon_that_hangs_a_problem(hanging: Daemon) -> None:
    done = hanging.ctl("--wait", "2", "doctor")

    assert done.returncode == 8
    assert f"control socket: kill -CONT {hanging.pid} " in done.stdout
    assert f"it does not answer (pid {hanging.pid})" in done.stdout
