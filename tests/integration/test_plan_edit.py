"""A plan that a person changes before it begins, by the real client of a real daemon."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanApproval, PlanState, TaskState
from tests.integration.daemon import Daemon, git

MESSAGE = (
    "Two files\n```sh name=one\necho 1 > one\n```\n```sh name=two needs=one\necho 2 > two\n```"
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path / "state") as running:
        running.add_project("demo", plan_approval=PlanApproval.MANUAL)
        running.say("demo", MESSAGE)
        running.until_kind("demo", "plan")
        yield running


def test_a_plan_that_somebody_edited_meanwhile_is_refused_and_the_person_s_words_are_kept(
    daemon: Daemon, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(daemon.ctl("plan", "show", "p1", "--toml").stdout.replace("echo 2", "echo 3"))
    theirs = daemon.ctl("plan", "show", "p1", "--toml").stdout.replace("echo 1", "echo 7")
    assert daemon.ctl("plan", "edit", "p1", "--file", "-", text=theirs).returncode == 0

    refused = daemon.ctl("plan", "edit", "p1", "--file", str(mine))

    assert refused.returncode == 4
    assert refused.stderr.startswith("pmrunnerctl: cannot edit plan p1: somebody has edited it")
    assert "echo 7" in daemon.ctl("plan", "show", "p1", "--toml").stdout
    assert "echo 3" in mine.read_text()


def test_what_is_wrong_with_it_is_all_said_and_changes_nothing(daemon: Daemon) -> None:
    text = daemon.ctl("plan", "show", "p1", "--toml").stdout
    wrong = text.replace('needs = ["one"]', 'needs = ["none", "two"]')
    refused = daemon.ctl("plan", "edit", "p1", "--file", "-", text=wrong)
    assert refused.returncode == 2
    assert "cannot edit plan p1: task two needs none, which is not in the plan" in refused.stderr
    assert daemon.ctl("plan", "show", "p1", "--toml").stdout == text


def test_what_was_edited_and_approved_is_what_is_done_also_over_a_kill(daemon: Daemon) -> None:
    text = daemon.ctl("plan", "show", "p1", "--toml").stdout
    less = text[: text.rindex("[[task]]")].replace("echo 1 > one", "echo 7 > seven")
    edited = daemon.ctl("plan", "edit", "p1", "--approve", "--file", "-", text=less)
    assert edited.stdout.startswith("edited and approved plan p1\n"), edited.stderr
    daemon.kill()
    daemon.start()
    daemon.until("demo", lambda entry: entry.kind == "complete" and not entry.task)

    view = daemon.ask(p.PlanShow(plan="p1"))
    assert (view.plan.state, view.plan.edits) == (PlanState.COMPLETE, 1)
    assert [(row.task.name, row.task.state) for row in view.tasks] == [("one", TaskState.COMPLETE)]
    listed = daemon.ask(p.TaskList()).tasks
    assert [(row.task.id, row.task.state) for row in listed] == [
        ("t3", TaskState.COMPLETE),
        ("t2", TaskState.CANCELLED),
        ("t1", TaskState.CANCELLED),
    ]
    assert git(daemon.home / "demo", "ls-files").split() == ["seven"]


def test_a_plan_is_edited_in_the_editor_of_the_person(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text().replace('echo 2', 'echo 8'))\n"
    )
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    edited = daemon.ctl("plan", "edit", "p1")

    assert edited.stdout.startswith("edited plan p1\n"), edited.stderr
    assert "echo 8" in daemon.ctl("plan", "show", "p1", "--toml").stdout
    assert not list(tmp_path.glob("pm-runner-p1-*"))
    waiting = daemon.ctl("inbox").stdout
    assert "pmrunnerctl --socket" in waiting
    assert "plan edit p1" in waiting
