"""What a run leaves that did not succeed: kept, named to whoever asks, and out of the next one's way."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from tests.integration.daemon import Daemon, git
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox

HALF = "echo half > half.txt\necho on my way\n"
HOOKS = "pre-commit prepare-commit-msg commit-msg post-commit reference-transaction".split()


def _fails(daemon: Daemon) -> None:
    daemon.say("demo", HALF + "echo no flour left >&2\nexit 3")
    daemon.until_kind("demo", "error")


def _is_cancelled(daemon: Daemon) -> None:
    daemon.say("demo", HALF + "sleep 600")
    _until_on_its_way(daemon)
    assert daemon.ctl("task", "cancel", "t1").returncode == 0
    daemon.until_kind("demo", "cancelled")


def _is_parked(daemon: Daemon) -> None:
    daemon.say("demo", HALF + "sleep 600")
    _until_on_its_way(daemon)
    assert daemon.interrupt() == 0
    daemon.start()


def _is_interrupted(daemon: Daemon) -> None:
    daemon.say("demo", HALF + "sleep 600")
    _until_on_its_way(daemon)
    assert daemon.ctl("stop").returncode == 0
    daemon.wait()
    daemon.start()


# How a run ends, what its outcome is called, and what is said of it in the conversation.
ENDS: dict[str, tuple[Callable[[Daemon], None], Outcome, str]] = {
    "failed": (_fails, Outcome.FAILED, r"t1 \S+ failed: .*exit status 3"),
    "cancelled": (_is_cancelled, Outcome.CANCELLED, r"t1 \S+ was cancelled"),
    "interrupted by Ctrl-C": (_is_parked, Outcome.INTERRUPTED, r"t1 \S+ was interrupted"),
    "interrupted by a stop": (_is_interrupted, Outcome.INTERRUPTED, r"t1 \S+ was interrupted"),
}


@pytest.mark.parametrize("how", ENDS)
def test_what_a_run_left_is_named_by_run_show_and_can_be_had_back(tmp_path: Path, how: str) -> None:
    ends, outcome, said = ENDS[how]
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        began_at = git(path, "rev-parse", "HEAD")
        ends(daemon)
        run = daemon.ask(p.RunList()).runs[-1].run.id
        shown = daemon.ctl("run", "show", run).stdout
        assert re.search(rf"^outcome +{outcome}$", shown, re.MULTILINE), shown
        ref = f"refs/pm-runner/runs/{run}"
        assert re.search(rf"^kept as +{ref}$", shown, re.MULTILINE), shown
        assert git(path, "show", f"{ref}:half.txt") == "half\n"
        assert git(path, "rev-parse", f"{ref}^", "HEAD") == began_at * 2
        history = daemon.ctl("chat", "history", "demo").stdout
        assert re.search(said, history, re.DOTALL), history
        assert f"what it had changed is kept as {ref}" in history
        assert f"kept as {ref}" in daemon.ctl("task", "show", "t1").stdout


def test_what_only_rules_of_the_run_s_own_ignored_is_named_wherever_the_rest_is(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "echo '*.cache' > .gitignore; echo dear > it.cache; exit 3")
        daemon.until_kind("demo", "error")
        run = daemon.ask(p.RunList()).runs[-1].run.id
        ref = f"refs/pm-runner/runs/{run}"
        assert git(path, "show", f"{ref}-2:it.cache") == "dear\n"
        both = f"{ref}, {ref}-2"
        assert re.search(rf"^kept as +{both}$", daemon.ctl("run", "show", run).stdout, re.MULTILINE)
        assert f"kept as {both}" in daemon.ctl("task", "show", "t1").stdout
        assert f"kept 1 file as {both}" in daemon.ctl("run", "logs", run).stderr
        history = daemon.ctl("chat", "history", "demo").stdout
        assert f"what it had changed is kept as {both}" in history.replace("\n", "")


def test_a_task_that_is_tried_again_begins_clean_and_what_it_left_before_is_named(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "test ! -e half.txt\necho half > half.txt\ntest -e .git/go")
        daemon.until_kind("demo", "error")
        (first,) = daemon.ask(p.RunList()).runs
        (path / ".git/go").touch()
        tried = daemon.ctl("task", "retry", "t1")
        assert (tried.returncode, "task t1 is queued again" in tried.stdout) == (0, True)
        daemon.until("demo", lambda entry: entry.kind == "complete" and entry.task == "t1")

        second, _ = daemon.ask(p.RunList()).runs
        assert (second.run.attempt, second.run.ended.outcome) == (2, Outcome.SUCCEEDED)
        assert git(path, "show", "HEAD:half.txt") == "half\n"
        ref = f"refs/pm-runner/runs/{first.run.id}"
        assert git(path, "show", f"{ref}:half.txt") == "half\n"
        shown = daemon.ctl("task", "show", "t1").stdout
        assert re.search(rf"^{first.run.id} +failed\n +kept as {ref}$", shown, re.MULTILINE), shown
        assert re.search(rf"^{second.run.id} +succeeded$", shown, re.MULTILINE), shown


def test_the_commit_of_a_run_is_made_in_its_sandbox_and_no_hook_of_the_repository_runs(
    tmp_path: Path,
) -> None:
    """A filter shows where: git runs it on each file that it commits, and there are no flags against it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        for hook in HOOKS:
            (path / ".git/hooks").mkdir(exist_ok=True)
            (path / ".git/hooks" / hook).write_text(
                f"#!/bin/sh\ntouch {path}/.git/hooked {outside}/hooked\n"
            )
            (path / ".git/hooks" / hook).chmod(0o755)
        (path / ".git/info").mkdir(exist_ok=True)
        (path / ".git/info/attributes").write_text("*.txt filter=x\n")
        marks = f"touch {path}/.git/filtered; touch {outside}/filtered; cat"
        git(path, "config", "filter.x.clean", marks)
        daemon.say("demo", "echo new > new.txt")
        daemon.until_kind("demo", "complete")

        assert git(path, "show", "HEAD:new.txt") == "new\n"
        assert not (path / ".git/hooked").exists()
        assert (path / ".git/filtered").exists()
        assert list(outside.iterdir()) == []
        (path / "mine.txt").touch()
        git(path, "add", "mine.txt")
        git(path, "commit", "-qm", "mine")
        assert {mark.name for mark in outside.iterdir()} == {"hooked", "filtered"}, "they would"


def _until_on_its_way(daemon: Daemon) -> None:
    """Return once a script that begins with HALF has done that."""
    daemon.until_kind("demo", "plan")
    with daemon.client() as client:
        for happening in client.stream(p.Events(follow=True)):
            for fact in happening.facts:
                run = getattr(fact, "run", "")
                if run and _prints(daemon, run):
                    return
    raise AssertionError("no run began")


def _prints(daemon: Daemon, run: str) -> bool:
    with daemon.client() as client:
        log = client.stream(p.RunLogs(run=run, follow=True))
        return any("on my way" in getattr(line.progress, "text", "") for line in log)
