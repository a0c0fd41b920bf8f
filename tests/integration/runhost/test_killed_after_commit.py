"""A git that is killed, or held up, around the commit: what is committed stays so, and is told as it is."""

from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, Kept
from tests.integration.runhost.flawed import HELD_UP, KILLED, Flawed
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, head, needs_sandbox

pytestmark = needs_sandbox


def test_what_git_cannot_say_of_a_commit_is_no_reason_to_take_it_back(tmp_path: Path) -> None:
    flawed = Flawed(tmp_path, '"-1 --format=%s"', KILLED)
    with Hosts(tmp_path, path=flawed.path) as hosts:
        said = hosts.run("echo x > work")

        assert flawed.was_met
        assert end(said).outcome is Outcome.SUCCEEDED, said
        (committed,) = every(said, Committed)
        assert committed.commit == head(hosts.workspace)
        assert (committed.subject, committed.files) == ("do it", 0)
        assert git(hosts.workspace, "show", "HEAD:work") == "x\n"


def test_a_commit_that_git_cannot_name_is_found_by_the_next_run(tmp_path: Path) -> None:
    flawed = Flawed(tmp_path, '"rev-parse --verify --quiet HEAD^"', KILLED)
    with Hosts(tmp_path, path=flawed.path) as hosts:
        began = head(hosts.workspace)
        run = hosts.start("echo x > work")
        said = hosts.over(run)
        assert flawed.was_met
        assert end(said).outcome is Outcome.INTERRUPTED, said

        said = hosts.run("echo x > work", earlier=(run,), perhaps_finished=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert f"run {run} had finished the work" in end(said).reason
        assert git(hosts.workspace, "rev-list", "--count", f"{began}..HEAD") == "1\n"


def test_whoever_is_cut_short_has_not_said_that_it_is_committed(tmp_path: Path) -> None:
    flawed = Flawed(tmp_path, '"test -e .git/pm-runner-kept"', HELD_UP)
    with Hosts(tmp_path, path=flawed.path) as hosts:
        began = head(hosts.workspace)
        run = hosts.start("echo x > work; git init -q ignored/own; git -C ignored/own config a.b c")
        eventually(lambda: flawed.was_met)
        hosts.stop(run)
        said = hosts.over(run)

        assert end(said).outcome is Outcome.INTERRUPTED, said
        assert every(said, Committed) == []
        assert head(hosts.workspace) == began


def test_what_went_aside_is_told_beside_the_commit(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("echo x > work; git init -q ignored/own; git -C ignored/own config a.b c")

        assert end(said).outcome is Outcome.SUCCEEDED, said
        (kept,) = every(said, Kept)
        assert list((hosts.workspace / kept.aside).rglob("own"))
