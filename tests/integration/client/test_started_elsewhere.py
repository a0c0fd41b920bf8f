"""A daemon that was started in one directory and shell, and is restarted from another."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.daemon import environment

Ctl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ctl(tmp_path: Path) -> Iterator[Ctl]:
    door = tmp_path / "a" / "state" / "control.sock"

    def run(*words: str, here: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / here).mkdir(exist_ok=True)
        argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(door)]
        return subprocess.run(
            [*argv, *words],
            cwd=tmp_path / here,
            env=environment(tmp_path) | variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    yield run
    if door.exists():
        run("stop", here="a")


def process(state: Path) -> int:
    pid: int = json.loads((state / "lock").read_bytes())["pid"]
    return pid


@pytest.mark.parametrize("by", ["the client", "hand"])
def test_what_it_was_given_by_a_path_from_there_is_found_and_its_variables_are_kept(
    ctl: Ctl, tmp_path: Path, by: str
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "conf.toml").write_text("[runs]\nslots = 7\n")
    words = ("--state-dir", "state", "--port", "0")
    config = ("--config", "conf.toml")
    if by == "hand":
        argv = [sys.executable, "-m", "pmrunnerd.main", *words, *config, "--detach"]
        variables = environment(tmp_path) | {"PMRUNNER_RUNS_TOTAL": "77"}
        subprocess.run(argv, cwd=tmp_path / "a", env=variables, check=True, capture_output=True)
    else:
        first = ctl("start", *words, "--", *config, here="a", PMRUNNER_RUNS_TOTAL="77")
        assert first.returncode == 0, first.stderr
    state = tmp_path / "a" / "state"
    before = process(state)

    again = ctl("restart", here="b", PMRUNNER_RUNS_SILENCE="5")

    assert (again.returncode, again.stderr) == (0, "")
    assert process(state) != before
    has = Path(f"/proc/{process(state)}/environ").read_bytes().split(b"\0")
    assert b"PMRUNNER_RUNS_TOTAL=77" in has
    assert b"PMRUNNER_RUNS_SILENCE=5" not in has
    overview = json.loads(ctl("--json", "status", here="b").stdout)
    assert overview["slots"] == 7
    same = ctl("start", "--", "--config", str(tmp_path / "a" / "conf.toml"), here="b")
    assert "runs already" in same.stdout

    (tmp_path / "a" / "conf.toml").unlink()
    now = process(state)
    refused = ctl("restart", here="b")
    assert (refused.returncode, refused.stdout, process(state)) == (4, "", now)
    assert f"conf.toml cannot be read\n  hint: ls -l {tmp_path}/a/conf.toml\n" in refused.stderr
    assert ctl("status", here="b").returncode == 0


def test_one_that_was_killed_starts_again_on_the_port_that_it_had(ctl: Ctl, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    first = ctl("start", "--state-dir", "state", "--port", str(port), here="a")
    assert first.returncode == 0, first.stderr
    state = tmp_path / "a" / "state"
    killed = os.pidfd_open(process(state))
    signal.pidfd_send_signal(killed, signal.SIGKILL)
    select.select([killed], [], [])
    os.close(killed)

    again = ctl("start", here="b")

    assert f"web     http://127.0.0.1:{port}\n" in again.stdout
    assert again.stderr == ""
