"""The main job: a message becomes a plan, tasks, runs, a question, an answer, and commits."""

from itertools import pairwise
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome, TaskState
from pmrunnerd.model.events import RunBegan
from tests.integration.daemon import Daemon, git

CAKE = """\
Bake me a cake.

```sh name=dough
echo "flour, butter, eggs" > dough.txt
```

```sh name=filling needs=dough
fruit=$(pm-ask "Which fruit?" apple cherry)
echo "$fruit" > filling.txt
```

```sh name=bake needs=filling
cat dough.txt filling.txt > cake.txt
```
"""


def test_a_message_becomes_a_plan_a_question_an_answer_and_commits(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("cake")
        daemon.say("cake", CAKE)
        question = daemon.until_kind("cake", "question")
        (item,) = daemon.ask(p.Inbox()).items
        assert (item.text, item.options) == ("Which fruit?", ("apple", "cherry"))
        assert question.state == "AWAITING_RESPONSE"

        daemon.ask(p.Answer(question=item.id, text="cherry"))
        daemon.until_kind("cake", "complete", 3)

        assert (path / "cake.txt").read_text() == "flour, butter, eggs\ncherry\n"
        assert daemon.ask(p.Inbox()).items == ()
        again = [daemon.ctl("answer", item.id, "--option", number) for number in "21"]
        assert [one.returncode for one in again] == [0, 4], again
        assert git(path, "status", "--porcelain") == ""
        subjects = git(
            path,
            "log",
            "--reverse",
            "--format=%s|%(trailers:key=PM-Runner-Task,valueonly,separator=)",
        )
        assert subjects.splitlines() == [
            "start|",
            "dough: Bake me a cake.|t1",
            "filling: Bake me a cake.|t2",
            "bake: Bake me a cake.|t3",
        ]
        runs = daemon.ask(p.RunList()).runs
        assert [row.run.ended.outcome for row in reversed(runs)] == [
            Outcome.SUCCEEDED,
            Outcome.ASKED,
            Outcome.SUCCEEDED,
            Outcome.SUCCEEDED,
        ]


def test_a_script_that_fails_is_an_error_with_its_last_lines_and_the_tree_goes_back(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "echo half > half.txt\necho no flour left >&2\nexit 3")
        failed = daemon.until_kind("demo", "error")
        assert "exit status 3" in failed.text
        assert "no flour left" in failed.text
        assert not (path / "half.txt").exists()
        (row,) = daemon.ask(p.RunList()).runs
        assert git(path, "show", f"{row.run.ended.kept}:half.txt") == "half\n"


def test_a_failed_task_is_retried_and_its_plan_goes_on(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say(
            "demo",
            "```sh name=a\ntest -e ready && touch a\n```\n```sh name=b needs=a\ntouch b\n```",
        )
        daemon.until_kind("demo", "error")
        waiting = daemon.ask(p.TaskShow(task="t2"))
        assert waiting.waits == "needs t1 (a, ERROR)"
        (path / "ready").touch()
        git(path, "add", "ready")
        git(path, "commit", "-q", "-m", "ready")
        daemon.ask(p.TaskRetry(task="t1"))
        daemon.until("demo", lambda entry: entry.kind == "complete" and entry.task == "t2")
        assert (path / "b").exists()


def test_a_cancelled_task_stops_at_once_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", "echo started > mark\necho on my way\nsleep 600")
        _wait_for_output(daemon, "on my way")
        daemon.ask(p.TaskCancel(task="t1"))
        daemon.until_kind("demo", "cancelled")
        assert not (path / "mark").exists()
        (row,) = daemon.ask(p.RunList()).runs
        assert row.run.ended.outcome is Outcome.CANCELLED
        assert not daemon.ask(p.RunShow(run=row.run.id)).alive


def test_a_person_s_changes_hold_a_task_until_they_are_put_right(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        (path / "draft.txt").write_text("mine\n")
        daemon.say("demo", "touch done")
        held = daemon.until_kind("demo", "held")
        assert "draft.txt" in held.text
        assert "draft.txt" in daemon.ask(p.TaskShow(task="t1")).waits
        (item,) = daemon.ask(p.Inbox()).items
        assert (item.kind, item.id, item.command) == ("held", "t1", f"git -C {path} status")
        assert daemon.ask(p.Status()).waiting == 1
        behind = daemon.ctl("chat", "send", "demo", "--wait", "touch more")
        assert behind.returncode == 9
        assert "it waits for task t1, which is held back" in behind.stderr
        assert (path / "draft.txt").read_text() == "mine\n"
        git(path, "add", "draft.txt")
        git(path, "commit", "-q", "-m", "mine")
        daemon.until_kind("demo", "complete")
        assert (path / "done").exists()


def test_a_plan_that_needs_approval_waits_for_it(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo", plan_approval="manual")
        daemon.say("demo", "touch done")
        plan = daemon.until_kind("demo", "plan")
        (item,) = daemon.ask(p.Inbox()).items
        assert (item.kind, item.id) == ("plan", plan.plan)
        assert not (path / "done").exists()
        daemon.ask(p.PlanApprove(plan=plan.plan))
        daemon.until_kind("demo", "complete")
        assert (path / "done").exists()


def test_projects_work_side_by_side_and_one_workspace_one_run_at_a_time(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        for alias in ("one", "two"):
            daemon.add_project(alias)
            # Each goes on only when the other has begun: alone, either would wait for ever.
            daemon.say(alias, "echo begun\npm-ask 'go on?' yes")
            daemon.say(alias, "echo second")
        for alias in ("one", "two"):
            daemon.until_kind(alias, "question")
            daemon.until_kind(alias, "complete")
        runs = [row.run for row in daemon.ask(p.RunList()).runs]
        for project in {run.project for run in runs}:
            spans = sorted((run.at, run.ended.at) for run in runs if run.project == project)
            assert all(a[1] <= b[0] for a, b in pairwise(spans)), spans


@pytest.mark.parametrize("keep", [True, False])
def test_stopping_parks_runs_and_restarting_keeps_them(tmp_path: Path, keep: bool) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        daemon.say("demo", "echo on my way\npm-ask 'which?'")
        daemon.until_kind("demo", "question")
        daemon.ask(p.Answer(question="q1", text="x"))
        daemon.say("demo", "echo second\nsleep 600")
        run = _wait_for_output(daemon, "second")
        daemon.ask(p.Stop(keep_runs=keep))
        daemon.wait()
        daemon.start()
        row = next(r for r in daemon.ask(p.RunList()).runs if r.run.id == run)
        if keep:
            assert row.run.ended is None
            assert daemon.ask(p.RunShow(run=run)).alive
        else:
            assert row.run.ended.outcome is Outcome.INTERRUPTED
            assert daemon.ask(p.TaskShow(task="t2")).task.state in (
                TaskState.QUEUED,
                TaskState.RUNNING,
            )
        daemon.ask(p.TaskCancel(task="t2"))
        daemon.until_kind("demo", "cancelled")


def _wait_for_output(daemon: Daemon, text: str) -> str:
    """Return the run that printed a text, once it has."""
    with daemon.client() as client:
        for happening in client.stream(p.Events(follow=True)):
            for fact in happening.facts:
                if isinstance(fact, RunBegan):
                    run = fact.run
                    if _prints(daemon, run, text):
                        return str(run)
    raise AssertionError(text)


def _prints(daemon: Daemon, run: str, text: str) -> bool:
    with daemon.client() as client:
        for line in client.stream(p.RunLogs(run=run, follow=True)):
            if text in getattr(line.progress, "text", ""):
                return True
    return False
