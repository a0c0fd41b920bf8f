"""A run from its start to its last word."""

import json
import os
import resource
import time
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Began, Committed, Kept
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Answered, Limits
from tests.integration.runhost.hosts import Hosts, end, every, printed
from tests.unit.services.parts import git, head, needs_sandbox, processes

pytestmark = needs_sandbox


def test_work_that_succeeds_is_one_commit_that_names_the_run(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        began = head(hosts.workspace)
        said = hosts.run("echo hello; echo x > new.txt", title="make it new")

        assert [type(p).__name__ for p in said] == ["Began", "Output", "Committed", "Finished"]
        (first,), (commit,) = every(said, Began), every(said, Committed)
        assert (first.head, first.confined) == (began, True)
        assert (commit.commit, commit.subject, commit.files) == (
            head(hosts.workspace),
            "make it new",
            1,
        )
        assert (end(said).outcome, end(said).status) == (Outcome.SUCCEEDED, 0)
        assert (end(said).peak_memory or 0) > 1_000_000
        assert git(hosts.workspace, "status", "--porcelain") == ""
        body = git(hosts.workspace, "log", "-1", "--format=%b")
        assert "PM-Runner-Run: r1-" in body
        assert "PM-Runner-Confinement" not in body
        assert not (hosts.workspace / ".git/pm-runner-run").exists()


def test_work_that_changes_nothing_is_no_commit(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        began = head(hosts.workspace)
        said = hosts.run("true")

        assert end(said).outcome is Outcome.SUCCEEDED
        assert every(said, Committed) == []
        assert head(hosts.workspace) == began


def test_neither_a_run_host_nor_what_it_starts_can_leave_a_core(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        with Hosts(tmp_path) as hosts:
            run = hosts.start("ulimit -Hc; until rm go; do sleep 0.1; done 2>/dev/null")
            hosts.until(run, "\n")
            limits = Path(f"/proc/{hosts.pid(run)}/limits").read_text()
            (hosts.workspace / "go").touch()
            said = hosts.over(run)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)

    (own,) = (line.split() for line in limits.splitlines() if line.startswith("Max core file size"))
    assert own[4:6] == ["0", "0"]
    assert printed(said) == "0\n"


def test_the_agent_s_own_commits_stay_and_the_rest_is_added(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("touch a; git add a; git commit -qm own; touch b")

        assert end(said).outcome is Outcome.SUCCEEDED
        assert every(said, Committed)[0].files == 2
        subjects = git(hosts.workspace, "log", "--format=%s").splitlines()
        assert subjects == ["do it", "own", "start"]


def test_work_that_fails_is_kept_and_the_workspace_is_as_it_was(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("echo half > half; echo changed > kept.txt; echo why >&2; exit 3")

        assert (end(said).outcome, end(said).status) == (Outcome.FAILED, 3)
        assert end(said).reason == "exit status 3: why"
        (kept,) = every(said, Kept)
        assert git(hosts.workspace, "show", f"{kept.ref}:half") == "half\n"
        assert (hosts.workspace / "kept.txt").read_text() == "kept\n"
        assert not (hosts.workspace / "half").exists()


def test_a_question_ends_the_run_and_its_answer_lets_the_next_one_finish(tmp_path: Path) -> None:
    script = "echo run >> .git/begun; a=$(pm-ask 'Which?' a b); echo $a > answer"
    with Hosts(tmp_path) as hosts:
        said = hosts.run(script)
        assert [type(p).__name__ for p in said] == ["Began", "Asked", "Finished"]
        assert every(said, Asked)[0].options == ("a", "b")
        assert end(said).outcome is Outcome.ASKED

        said = hosts.run(script, answers=(Answered(question="Which?", answer="b"),))
        assert end(said).outcome is Outcome.SUCCEEDED
        assert (hosts.workspace / "answer").read_text() == "b\n"
        assert (hosts.workspace / ".git/begun").read_text() == "run\nrun\n"


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        (Limits(total=0.5, silence=60), Outcome.TIMED_OUT),
        (Limits(total=60, silence=0.5), Outcome.STALLED),
    ],
)
def test_a_run_at_its_limit_ends_and_is_kept(
    tmp_path: Path, limits: Limits, outcome: Outcome
) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("touch half; sleep 1000", limits=limits)

        assert end(said).outcome is outcome
        assert len(every(said, Kept)) == 1
        assert git(hosts.workspace, "status", "--porcelain") == ""


def test_a_run_that_is_told_to_stop_is_interrupted_and_kept(tmp_path: Path) -> None:
    word = f"31{os.getpid()}1"
    with Hosts(tmp_path) as hosts:
        run = hosts.start(
            f"touch half; setsid -f sleep {word}; trap '' TERM; echo on; sleep {word}"
        )
        hosts.until(run, "on")
        hosts.stop(run)

        assert processes(f"sleep\0{word}") == []
        said = hosts.over(run)
        assert end(said).outcome is Outcome.INTERRUPTED
        assert len(every(said, Kept)) == 1
        assert not (hosts.workspace / "half").exists()


def test_a_run_that_is_stopped_at_any_moment_ends_in_good_order(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        for milliseconds in (0, 30, 60, 100, 150, 200, 250, 300, 400):
            run = hosts.start("touch half; sleep 1000")
            time.sleep(milliseconds / 1000)  # when, not for luck: every moment must do
            hosts.stop(run)
            assert not hosts.host.alive(run)
            assert end(hosts.said(run)).outcome is Outcome.INTERRUPTED
            assert git(hosts.workspace, "status", "--porcelain") == ""


def test_the_last_word_comes_when_no_process_is_left(tmp_path: Path) -> None:
    word = f"31{os.getpid()}2"
    with Hosts(tmp_path) as hosts:
        for _ in range(3):
            run = hosts.start(f"for i in 1 2 3 4 5; do setsid -f sleep {word}; done")
            while not hosts.said(run) or type(hosts.said(run)[-1]).__name__ != "Finished":
                pass  # at once, not a moment later
            assert processes(f"sleep\0{word}") == []
            hosts.over(run)


def test_head_that_a_person_moves_during_a_run_makes_the_runner_ask(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        run = hosts.start("touch new; echo on; while [ ! -e .git/go ]; do sleep 0.01; done")
        hosts.until(run, "on")
        git(hosts.workspace, "commit", "--quiet", "--allow-empty", "-m", "mine")
        (hosts.workspace / ".git/go").touch()
        said = hosts.over(run)

        assert end(said).outcome is Outcome.ASKED
        assert end(said).reason.startswith("HEAD moved while it ran")
        assert [asked.kind for asked in every(said, Asked)] == [Kind.HEAD]
        assert git(hosts.workspace, "log", "-1", "--format=%s").strip() == "mine"
        assert len(every(said, Kept)) == 1


def test_changes_of_a_person_hold_the_run_and_nothing_of_it_starts(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        (hosts.workspace / "draft.txt").write_text("mine\n")
        said = hosts.run("touch .git/ran")

        assert [type(p).__name__ for p in said] == ["Finished"]
        assert end(said).outcome is Outcome.HELD
        assert "draft.txt" in end(said).reason
        assert not (hosts.workspace / ".git/ran").exists()
        assert (hosts.workspace / "draft.txt").read_text() == "mine\n"


def test_a_thousand_lines_are_all_there_in_order(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("seq 20000")

        assert printed(said) == "".join(f"{number}\n" for number in range(1, 20001))


def test_what_a_run_leaves_in_its_directory_is_private(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        run = hosts.start("true")
        hosts.over(run)
        directory = hosts.directory(run)

        assert directory.path.stat().st_mode & 0o077 == 0
        for path in (directory.spec, directory.events, directory.lock, directory.log):
            assert path.stat().st_mode & 0o077 == 0, path
        assert directory.log.read_text() == ""
        assert json.loads(directory.events.read_text().splitlines()[0])["event"] == "began"


def test_files_that_an_agent_makes_have_the_modes_that_people_expect(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        hosts.run("touch file; mkdir -p d; touch d/x")

        assert (hosts.workspace / "file").stat().st_mode & 0o777 == 0o644
        assert (hosts.workspace / "d").stat().st_mode & 0o777 == 0o755
