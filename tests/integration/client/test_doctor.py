"""`doctor` beside a daemon that runs, and beside one that is dead: it is there for that."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.daemon import Daemon, environment


def ctl(*words: str, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pmrunnerctl", *words],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_doctor_looks_with_a_daemon_and_without_one(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        alive = daemon.ctl("doctor", "--json")
        pid = daemon.pid
        daemon.kill()
        dead = daemon.ctl("doctor")

        checks = {row["name"]: row for row in json.loads(alive.stdout)["checks"]}
        assert f"pid {pid}" in checks["daemon"]["found"]
        assert checks["control socket"]["state"] == "ok"
        assert checks["state"]["state"] == "ok"
        assert "none has the state" in dead.stdout
        assert f"control socket: pmrunnerctl --socket {daemon.socket} start" in dead.stdout
        assert not alive.stderr + dead.stderr


class Narrow(Daemon):
    """A daemon that may open fewer files than whoever asks after it."""

    def argv(self) -> list[str]:
        return ["prlimit", "--nofile=600:600", *super().argv()]


def test_a_daemon_tells_its_own_limits_and_not_those_of_who_asks(tmp_path: Path) -> None:
    with Narrow(tmp_path / "state") as daemon:
        found = json.loads(daemon.ctl("doctor", "--json").stdout)
        shown = daemon.ctl("doctor")

    ours, theirs = (
        {row["name"]: row for row in checks}
        for checks in (found["checks"], found["daemon"]["checks"])
    )
    assert "at most 600" not in ours["open files"]["found"]
    assert theirs["open files"]["found"].startswith("at most 600")
    assert theirs["open files"]["state"] == "warning"
    assert f"pid {daemon.pid}, of itself" in shown.stdout
    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_problem_is_exit_status_8_and_its_hint_can_be_pasted(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        lock = daemon.state / "lock"
        signed = json.loads(lock.read_text())
        daemon.kill()
        signed["at"] = "2999-01-01T00:00:00.000Z"
        lock.write_text(json.dumps(signed))
        ill = daemon.ctl("doctor")

        assert ill.returncode == 8
        assert "clock: timedatectl status" in ill.stdout


def test_doctor_of_a_state_directory_asks_the_daemon_that_has_it(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        named = ctl("doctor", "--state-dir", str(daemon.state), "--json", home=tmp_path)
        found = json.loads(named.stdout)

        assert {row["name"] for row in found["daemon"]["checks"]} >= {"release", "open files"}
        ports = [row["found"] for row in found["checks"] if row["name"] == "web port"]
        assert ports == ["the web door is closed"]


@pytest.mark.parametrize("words", ["logs", "doctor", "state verify", "state backup x", "status"])
def test_a_daemon_of_another_environment_is_not_asked_for_this_one(
    tmp_path: Path, words: str
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        refused = daemon.ctl("--env", "bogus", *words.split())

        assert (refused.returncode, refused.stdout) == (5, "")
        assert (
            f"cannot reach environment bogus: {daemon.socket} is environment test" in refused.stderr
        )
