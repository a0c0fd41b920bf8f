"""A machine on which no sandbox can start: here, one whose PATH has no bubblewrap."""

import os
import shutil
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Began, Kept
from pmrunnerd.model.spec import Answered
from tests.integration.runhost.hosts import Hosts, end, every, printed
from tests.unit.services.parts import eventually, git, processes

PROGRAMS = "bash sh git setpriv sleep setsid env cat touch ls seq find rm cp mv mkdir nohup".split()


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return Hosts(tmp_path, path=str(programs))


def test_without_a_sandbox_nothing_runs(hosts: Hosts) -> None:
    with hosts:
        said = hosts.run("touch .git/ran")

        assert [type(p).__name__ for p in said] == ["Finished"]
        assert end(said).outcome is Outcome.FAILED
        assert end(said).reason == (
            "cannot confine the agent: bubblewrap is not installed; sudo apt-get install bubblewrap"
        )
        assert not (hosts.workspace / ".git/ran").exists()


def test_where_somebody_accepted_it_a_run_works_and_says_that_nothing_confines_it(
    hosts: Hosts,
) -> None:
    with hosts:
        said = hosts.run("echo $HOME; touch new", unconfined=True)

        assert every(said, Began)[0].confined is False
        assert end(said).outcome is Outcome.SUCCEEDED
        assert printed(said).endswith("/agent/home\n")
        assert git(hosts.workspace, "log", "-1", "--format=%s").strip() == "do it"


def test_a_question_is_asked_and_answered_without_a_sandbox_too(hosts: Hosts) -> None:
    with hosts:
        said = hosts.run("a=$(pm-ask 'Which?'); echo $a > answer", unconfined=True)
        assert end(said).outcome is Outcome.ASKED
        known = (Answered(question="Which?", answer="b"),)
        said = hosts.run("a=$(pm-ask 'Which?'); echo $a > answer", unconfined=True, answers=known)
        assert end(said).outcome is Outcome.SUCCEEDED


def test_what_flees_and_sheds_its_name_is_found_by_descent(hosts: Hosts) -> None:
    word = f"33{os.getpid()}1"
    with hosts:
        run = hosts.start(
            f"setsid -f sleep {word}; env -i $(type -p setsid) -f $(type -p sleep) {word};"
            f" touch half; echo on; sleep {word}",
            unconfined=True,
        )
        hosts.until(run, "on")
        # The last of them begins a moment after what was printed before it.
        eventually(lambda: len(processes(f"sleep\0{word}") + processes(f"sleep {word}")) >= 3)
        hosts.stop(run)

        said = hosts.over(run)
        assert end(said).outcome is Outcome.INTERRUPTED
        assert len(every(said, Kept)) == 1
        assert processes(word) == []


def test_what_a_killed_run_host_leaves_is_ended_by_the_next_run(hosts: Hosts) -> None:
    word = f"33{os.getpid()}2"
    with hosts:
        run = hosts.start(f"setsid -f sleep {word}; touch half; echo on; sleep 99", unconfined=True)
        hosts.until(run, "on")
        hosts.kill(run)
        assert processes(f"sleep\0{word}"), "nothing but walls prevents this"
        said = hosts.run("ls", unconfined=True, earlier=(run,))

        assert printed(said) == "kept.txt\n"
        eventually(lambda: not processes(word))
