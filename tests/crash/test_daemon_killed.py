"""`kill -9` of the daemon in the middle of things: what ran is the same process, what was asked is there."""

import fcntl
import os
import re
import signal
from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.events import RunBegan
from pmrunnerd.model.progress import Output
from tests.integration.daemon import Daemon, facts, git

# Says who it is, then a line for each file that the test puts into the repository's own directory.
SLOW = """\
echo "begun as $(cat /proc/self/stat | cut -d' ' -f4)"
for step in 1 2 3; do
  while [ ! -e .git/step-$step ]; do sleep 0.02; done
  echo "step $step"
done
echo done > done.txt
"""


def lines(daemon: Daemon, run: str, *, until: str) -> str:
    """Return what a run printed, up to some text."""
    seen = ""
    with daemon.client() as client:
        for line in client.stream(p.RunLogs(run=run, follow=True)):
            if isinstance(line.progress, Output):
                seen += line.progress.text
            if until in seen:
                return seen
    return seen


def the_run(daemon: Daemon) -> str:
    """Return the one run, as soon as its host holds the workspace."""
    with daemon.client() as client:
        for happening in client.stream(p.Events(follow=True)):
            for fact in happening.facts:
                if isinstance(fact, RunBegan):
                    return str(fact.run)
    raise AssertionError("no run")


def test_a_run_started_before_a_kill_is_the_same_process_after_it_and_its_output_complete(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", SLOW)
        run = the_run(daemon)
        lines(daemon, run, until="begun")
        host = (tmp_path / "state" / "runs" / run / "lock").read_text()
        for step in (1, 2, 3):
            daemon.kill()
            # It goes on while nobody looks.
            (path / f".git/step-{step}").touch()
            daemon.start()
            assert f"step {step}" in lines(daemon, run, until=f"step {step}")
            if step < 3:
                assert (tmp_path / "state" / "runs" / run / "lock").read_text() == host
                assert daemon.ask(p.RunShow(run=run)).alive
        daemon.until_kind("demo", "complete")

        said = lines(daemon, run, until="nothing more")
        assert re.fullmatch(r"begun as \d+\nstep 1\nstep 2\nstep 3\n", said)
        (row,) = daemon.ask(p.RunList()).runs
        assert row.run.ended.outcome is Outcome.SUCCEEDED
        assert git(path, "log", "--format=%H", "-1").strip() == row.run.ended.commit
        assert [f["fact"] for f in facts(tmp_path / "state")].count("run-started") == 1


def test_a_question_asked_before_a_kill_is_answered_after_it(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", 'pm-ask "Which port?" 3502 3503 > port')
        daemon.until_kind("demo", "question")
        daemon.kill()
        daemon.start()
        (item,) = daemon.ask(p.Inbox()).items
        assert (item.text, item.options) == ("Which port?", ("3502", "3503"))
        daemon.ask(p.Answer(question=item.id, text="3503"))
        daemon.kill()
        daemon.start()
        daemon.until_kind("demo", "complete")
        assert (path / "port").read_text() == "3503\n"


def test_a_run_that_ended_while_no_daemon_was_there_is_recorded_as_it_ended(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", SLOW)
        run = the_run(daemon)
        daemon.kill()
        for step in (1, 2, 3):
            (path / f".git/step-{step}").touch()
        _until_gone(tmp_path / "state" / "runs" / run)
        daemon.start()
        daemon.until_kind("demo", "complete")
        assert (path / "done.txt").read_text() == "done\n"
        assert git(path, "log", "--format=%s").splitlines()[1:] == ["start"]


def test_a_run_whose_host_was_killed_with_the_daemon_is_done_again_once(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "echo more >> count\n" + SLOW)
        run = the_run(daemon)
        lines(daemon, run, until="begun")
        daemon.kill()
        _kill_host(tmp_path / "state" / "runs" / run)
        for step in (1, 2, 3):
            (path / f".git/step-{step}").touch()
        daemon.start()
        daemon.until_kind("demo", "complete")
        assert (path / "count").read_text() == "more\n"
        assert git(path, "log", "--format=%s").splitlines()[1:] == ["start"]
        runs = daemon.ask(p.RunList()).runs
        assert [row.run.ended.outcome for row in runs] == [Outcome.SUCCEEDED, Outcome.INTERRUPTED]


def test_a_run_host_killed_under_a_living_daemon_is_noticed_and_the_task_done_again(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", SLOW)
        run = the_run(daemon)
        lines(daemon, run, until="begun")
        _kill_host(tmp_path / "state" / "runs" / run)
        for step in (1, 2, 3):
            (path / f".git/step-{step}").touch()
        daemon.until_kind("demo", "interrupted")
        daemon.until_kind("demo", "complete")
        assert daemon.ask(p.TaskShow(task="t1")).task.state is TaskState.COMPLETE


def test_sigterm_leaves_runs_at_work_for_the_daemon_that_comes_next(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", SLOW)
        run = the_run(daemon)
        assert daemon.terminate() == 0
        (path / ".git/step-1").touch()
        daemon.start()
        assert daemon.ask(p.RunShow(run=run)).alive
        lines(daemon, run, until="step 1")
        for step in (2, 3):
            (path / f".git/step-{step}").touch()
        daemon.until_kind("demo", "complete")


def _kill_host(directory: Path) -> None:
    """Kill a run's host and return once its lock is free: nothing of it is left then."""
    os.kill(int(re.findall(r"\d+", (directory / "lock").read_text())[0]), signal.SIGKILL)
    _until_gone(directory)


def _until_gone(directory: Path) -> None:
    with (directory / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
