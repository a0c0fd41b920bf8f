"""`pmrunnerctl state` against a real daemon's state: while it runs, and after it was damaged."""

import json
import time
from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import TaskState
from tests.integration.daemon import Daemon, facts


def test_verify_does_not_mind_a_daemon_that_writes(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        for count in range(5):
            daemon.say("demo", f"```sh\necho {count}\n```")
            done = daemon.ctl("state", "verify", "--json")

            assert done.returncode == 0, done.stdout + done.stderr
            assert json.loads(done.stdout)["sound"]


def test_repair_is_refused_while_the_daemon_runs(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        done = daemon.ctl("state", "repair", "--yes")

        assert done.returncode == 4
        assert "holds it since" in done.stderr
        assert f"pmrunnerctl --socket {daemon.socket} stop" in done.stderr


def test_a_daemon_that_refuses_a_damaged_journal_starts_after_the_repair(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Daemon(state) as daemon:
        daemon.add_project("demo")
        daemon.say("demo", "```sh\necho one\n```")
        daemon.until_kind("demo", "complete")
    before = len(facts(state))
    path = state / "journal" / "00000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    where = next(n for n, line in enumerate(lines) if b'"fact":"task-completed"' in line)
    lines[where] = lines[where].replace(b"task-completed", b"task-comqleted")
    path.write_bytes(b"".join(lines))
    told = daemon.ctl("state", "verify", "--state-dir", str(state))
    done = daemon.ctl("state", "repair", "--yes", "--state-dir", str(state))

    assert told.returncode == 8
    assert f"00000001.jsonl: line {where + 1}: commit {where + 1}" in told.stdout
    assert done.returncode == 0, done.stderr
    with daemon:
        assert "commit-lost" in {fact["fact"] for fact in facts(state)}
        assert len(facts(state)) >= before - 3
        assert daemon.ctl("project", "show", "demo").returncode == 0
        assert daemon.ctl("events", "--since", "0").returncode == 0


def test_a_script_whose_end_was_lost_runs_again_only_when_a_person_retries_it(
    tmp_path: Path,
) -> None:
    state, ran = tmp_path / "state", tmp_path / "cake" / "ran"
    with Daemon(state) as daemon:
        daemon.add_project("cake")
        daemon.say("cake", "```sh\necho once >> ran\n```")
        daemon.until_kind("cake", "complete")
    path = state / "journal" / "00000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"fact":"run-started"' not in line))
    done = daemon.ctl("state", "repair", "--yes", "--state-dir", str(state))

    assert done.returncode == 0, done.stderr
    assert f"pmrunnerctl --socket {state}/control.sock task retry t1" in done.stdout
    with daemon:
        daemon.say("cake", "```sh\necho next\n```")
        daemon.until_kind("cake", "complete")
        assert daemon.ask(p.TaskShow(task="t1")).task.state is TaskState.CANCELLED
        assert ran.read_text() == "once\n"
        assert daemon.ctl("task", "retry", "t1").returncode == 0
        while daemon.ask(p.TaskShow(task="t1")).task.state is not TaskState.COMPLETE:
            time.sleep(0.05)
