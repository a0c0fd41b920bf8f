"""The daemon as the unit starts it: with the manager's variables, told READY, kept by a watchdog."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from pmrunnerd.departure import SOONEST
from pmrunnerd.main import CONFIGURATION, RESTART
from tests.house.tree import ROOT
from tests.integration.daemon import environment

UNIT = ROOT / "systemd" / "pm-runner@.service"


class Unit(RawConfigParser):
    """A unit file; of a key that stands several times, the last line."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture
def unit() -> Unit:
    parser = Unit(delimiters=("=",), comment_prefixes=("#",), strict=False)
    parser.read(UNIT)
    return parser


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")
        listening.settimeout(20)
        yield listening


def test_the_command_of_the_unit_gets_ready_proves_to_be_alive_and_leaves(
    unit: Unit, manager: socket.socket, tmp_path: Path
) -> None:
    command = unit["Service"]["ExecStart"].replace("%i", "prod")
    words = shlex.split(command.replace("/run/pm-runner/prod", str(tmp_path)))
    assert words[:3] == ["/usr/lib/pm-runner/launch", "daemon", "prod"]
    options = ["--env=prod", *words[words.index("--socket") :]]
    variables = environment(tmp_path) | {
        "NOTIFY_SOCKET": "@" + manager.getsockname().removeprefix(b"\0").decode(),
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "WATCHDOG_USEC": "400000",
        "PMRUNNER_WEB_PORT": "0",
    }
    daemon = subprocess.Popen(
        [sys.executable, "-m", "pmrunnerd.main", *options], env=variables, stderr=subprocess.PIPE
    )
    try:
        assert manager.recv(4096).decode().splitlines() == ["READY=1", "STATUS=environment prod"]
        assert (tmp_path / "control.sock").is_socket()
        assert (tmp_path / "state" / "journal").is_dir()
        # More than one: it goes on saying so.
        assert [hears(manager, b"WATCHDOG=1") for _ in range(3)]
        daemon.send_signal(signal.SIGTERM)
        hears(manager, b"STOPPING=1")
        _, log = daemon.communicate(timeout=180)
        assert daemon.returncode == 0, log
        # What the journal takes for the priority of a line.
        assert all(line.startswith(b"<6>") for line in log.splitlines()), log
    finally:
        daemon.kill()
        daemon.wait()


def test_a_frozen_loop_does_not_earn_its_watchdog(manager: socket.socket, tmp_path: Path) -> None:
    variables = environment(tmp_path) | {
        "NOTIFY_SOCKET": "@" + manager.getsockname().removeprefix(b"\0").decode(),
        "WATCHDOG_USEC": "400000",
        "PMRUNNER_WEB_PORT": "0",
    }
    daemon = subprocess.Popen(
        [sys.executable, "-m", "pmrunnerd.main", f"--state-dir={tmp_path / 'state'}"],
        env=variables,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert b"READY=1" in manager.recv(4096)
        hears(manager, b"WATCHDOG=1")
        os.kill(daemon.pid, signal.SIGSTOP)
        # What was on its way may still arrive, and then nothing does.
        manager.settimeout(0.8)
        assert heard(manager, at_most=4) < 4
    finally:
        daemon.kill()
        daemon.wait()


def hears(manager: socket.socket, word: bytes) -> bytes:
    """Wait for a word; what else is said meanwhile is said to people."""
    while (said := manager.recv(4096)) != word:
        pass
    return said


def heard(manager: socket.socket, at_most: int) -> int:
    """Return how many words came before a silence, up to a number."""
    for count in range(at_most):
        try:
            manager.recv(4096)
        except TimeoutError:
            return count
    return at_most


def test_the_start_limit_outlasts_the_slowest_starts(unit: Unit) -> None:
    service, limits = unit["Service"], unit["Unit"]
    slowest = float(service["TimeoutStartSec"]) + float(service["RestartSec"])
    burst = int(limits["StartLimitBurst"])
    assert float(limits["StartLimitIntervalSec"]) > burst * slowest


@pytest.mark.parametrize("more", ["", "drop-ins-254/pm-runner@.service.d/restarts.conf"])
def test_a_daemon_that_restarts_itself_never_meets_the_start_limit(unit: Unit, more: str) -> None:
    if more:
        unit.read(ROOT / "systemd" / more)
    limits = unit["Unit"]
    assert SOONEST * int(limits["StartLimitBurst"]) > float(limits["StartLimitIntervalSec"])


def test_with_drop_ins_the_start_limit_outlasts_the_slowest_starts_too(unit: Unit) -> None:
    unit.read(ROOT / "systemd/drop-ins-254/pm-runner@.service.d/restarts.conf")
    service, limits = unit["Service"], unit["Unit"]
    slowest = float(service["TimeoutStartSec"]) + float(
        service["RestartMaxDelaySec"].removesuffix("s")
    )
    assert float(limits["StartLimitIntervalSec"]) > int(limits["StartLimitBurst"]) * slowest


def test_the_unit_and_the_program_mean_the_same_by_an_exit_status(unit: Unit) -> None:
    assert unit["Service"]["RestartPreventExitStatus"] == str(CONFIGURATION)
    assert unit["Service"]["RestartForceExitStatus"] == str(RESTART)
    assert unit["Service"]["Type"] == "notify"
