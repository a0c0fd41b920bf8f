"""A daemon that goes away under a command and comes back: the command is done, and once."""

import subprocess
import sys
from pathlib import Path

from tests.integration.daemon import Daemon, environment, facts


def test_a_message_to_a_daemon_that_restarts_is_sent_again_and_said_once(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("cake", plan_approval="manual")
        daemon.kill()
        argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.socket), "--wait", "60"]
        with subprocess.Popen(
            [*argv, "chat", "send", "cake", "bake it"],
            env=environment(daemon.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as sending:
            assert sending.stderr is not None
            # It says that it waits: it has tried, and was not answered.
            assert "waiting for pmrunnerd, at most 60 s" in sending.stderr.readline()
            daemon.start()
            out, err = sending.communicate(timeout=60)

        assert (sending.returncode, out.splitlines()[0]) == (0, "sent message m1 to cake"), err
        assert [f["fact"] for f in facts(daemon.state) if f["fact"].startswith("message")] == [
            "message-posted"
        ]


def test_a_daemon_that_stays_away_is_waited_for_no_longer_than_was_said(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(tmp_path / "s"), "--wait", "0.2"]
    done = subprocess.run(
        [*argv, "inbox"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 5
    assert "cannot reach pmrunnerd" in done.stderr


def test_a_daemon_that_was_stopped_is_not_waited_for_until_it_was_started_and_killed(
    tmp_path: Path,
) -> None:
    daemon = Daemon(tmp_path / "state")
    argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.socket)]

    def ask(*words: str) -> "subprocess.CompletedProcess[str]":
        known = environment(daemon.home)
        return subprocess.run(
            [*argv, *words], env=known, capture_output=True, text=True, timeout=60, check=False
        )

    with daemon:
        assert ask("stop").returncode == 0
        assert daemon.wait() == 0
        for words in (("status",), ("answer", "q1", "yes"), ("chat", "send", "cake", "hello")):
            refused = ask(*words)
            assert refused.returncode == 5
            assert "it was stopped, and nobody has started it since" in refused.stderr
            assert "hint: pmrunnerctl" in refused.stderr
            assert "start" in refused.stderr.partition("hint: ")[2]
            assert "waiting" not in refused.stderr
        daemon.start()
        daemon.kill()
        with subprocess.Popen(
            [*argv, "status"], env=environment(daemon.home), stderr=subprocess.PIPE, text=True
        ) as waiting:
            assert waiting.stderr is not None
            said = waiting.stderr.readline()
            waiting.kill()
        assert "waiting for pmrunnerd, at most 5 s: no daemon listens there" in said
