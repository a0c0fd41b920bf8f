"""`kill -9` of a run host: nothing of it goes on, nothing is lost, nothing is done twice."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, Finished, PutAway
from pmrunnerd.services.rundir import RunDirectory
from tests.integration.runhost.hosts import Hosts, end, every, everything, printed
from tests.unit.services.parts import (
    eventually,
    git,
    head,
    needs_sandbox,
    processes,
    repository,
    spec,
)

pytestmark = needs_sandbox


def test_the_sandbox_dies_with_its_run_host_and_so_does_what_has_fled(tmp_path: Path) -> None:
    word = f"32{os.getpid()}1"
    with Hosts(tmp_path) as hosts:
        run = hosts.start(
            f"setsid -f sleep {word}; env -i setsid -f nohup sleep {word}; echo on; sleep {word}"
        )
        hosts.until(run, "on")
        # The third one begins after the word.
        eventually(lambda: len(processes(f"sleep\0{word}")) == 3)
        hosts.kill(run)

        eventually(lambda: not processes(word))
        assert not [p for p in hosts.said(run) if type(p).__name__ == "Finished"]


def test_what_a_killed_run_left_is_kept_and_the_next_one_starts_clean(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        began = head(hosts.workspace)
        run = hosts.start(
            "touch half; git add half; git commit -qm own; touch more; echo on; sleep 99"
        )
        hosts.until(run, "on")
        hosts.kill(run)
        said = hosts.run("ls > listing", earlier=(run,))

        assert end(said).outcome is Outcome.SUCCEEDED
        ref = f"refs/pm-runner/runs/{run}"
        (away,) = every(said, PutAway)
        assert (away.run, away.ref, away.files) == (run, ref, 2)
        assert not printed(said, "runner")
        assert git(hosts.workspace, "ls-tree", "--name-only", ref).split() == [
            ".gitignore",
            "half",
            "kept.txt",
            "more",
        ]
        assert (hosts.workspace / "listing").read_text() == "kept.txt\nlisting\n"
        assert git(hosts.workspace, "rev-parse", "HEAD^").strip() == began


def test_a_run_that_is_killed_at_any_moment_is_done_once_in_the_end(tmp_path: Path) -> None:
    # What counts the times is committed with the work: twice would show.
    script = "echo once >> tally; echo on"
    with Hosts(tmp_path) as hosts:
        for number, milliseconds in enumerate(range(0, 900, 60)):
            began = head(hosts.workspace)
            earlier: tuple[str, ...] = (hosts.start(script),)
            time.sleep(milliseconds / 1000)  # when, not for luck: every moment must do
            if hosts.host.alive(earlier[0]):
                os.kill(hosts.pid(earlier[0]), signal.SIGKILL)
            said = hosts.over(earlier[0])
            if not said or type(said[-1]).__name__ != "Finished":
                said = hosts.run(script, earlier=earlier, perhaps_finished=earlier)

            assert end(said).outcome is Outcome.SUCCEEDED, said
            assert every(said, Committed)[0].commit == head(hosts.workspace)
            assert (hosts.workspace / "tally").read_text() == "once\n" * (number + 1)
            count = git(hosts.workspace, "rev-list", "--count", f"{began}..HEAD").strip()
            assert count == "1"
            assert git(hosts.workspace, "status", "--porcelain") == ""
    eventually(lambda: not processes(str(hosts.workspace)))


def test_a_run_whose_work_was_committed_is_not_done_again(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        first = hosts.start("echo x >> tally")
        hosts.over(first)
        commit = head(hosts.workspace)
        git(hosts.workspace, "commit", "--quiet", "--allow-empty", "-m", "a person's, since")
        said = hosts.run("echo x >> tally", earlier=(first,), perhaps_finished=(first,))

        assert [type(p).__name__ for p in said] == ["Committed", "Finished"]
        assert every(said, Committed)[0].commit == commit
        assert end(said).outcome is Outcome.SUCCEEDED
        assert (hosts.workspace / "tally").read_text() == "x\n"


def test_a_disk_that_takes_no_more_reports_ends_the_run_and_its_sandbox(tmp_path: Path) -> None:
    word = f"32{os.getpid()}2"
    here = repository(tmp_path / "w")
    directory = RunDirectory(tmp_path / "state/runs" / f"r1-{os.getpid():08x}")
    script = f"sleep {word} & while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"
    directory.write_spec(spec(here, script, run=directory.run))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-m", "pmrunnerd.runhost", directory.path],
        preexec_fn=small,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 74
    assert "cannot report: File too large" in done.stderr
    assert processes(f"sleep\0{word}") == []
    # Whole lines; and the last word, if it fits, says why there are no more.
    *_, (cursor, last) = everything(directory)
    assert directory.events.stat().st_size == cursor
    if isinstance(last, Finished):
        assert last.outcome is Outcome.INTERRUPTED
        assert last.reason.endswith("events.jsonl: cannot report: File too large")


def test_a_run_host_refuses_a_run_that_another_one_holds_or_held(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        run = hosts.start("echo on; sleep 99")
        hosts.until(run, "on")
        argv = [sys.executable, "-m", "pmrunnerd.runhost", str(hosts.directory(run).path)]
        for _ in range(2):
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            assert done.returncode == 75
            assert "another run host does, or did" in done.stderr
            if hosts.host.alive(run):
                hosts.kill(run)


def test_a_command_line_that_is_none_is_told_the_usage() -> None:
    for words in ([], ["a", "b"], ["a", "--lock-fd", "x"]):
        done = subprocess.run(
            [sys.executable, "-m", "pmrunnerd.runhost", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr[:6]) == (64, "usage:")
