"""A login on its way through a real daemon, and where it may not turn up."""

import json
import os
from pathlib import Path

import pytest

from pmrunnerctl.exits import Cannot
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanApproval
from pmrunnerd.model.logins import Login
from tests.integration.daemon import Daemon, facts
from tests.unit.services.parts import needs_sandbox

TOKEN = "sk-ant-oat01-hush"


def files_with(directory: Path, text: str) -> list[str]:
    """Return the files below a directory that hold a text."""
    found = [path for path in directory.rglob("*") if path.is_file()]
    return [
        str(path.relative_to(directory)) for path in found if text.encode() in path.read_bytes()
    ]


def test_a_pipe_that_is_said_to_be_a_login_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    with Daemon(tmp_path / "state") as daemon:
        with pytest.raises(Cannot, match="it is no file"):
            daemon.ask(p.AgentLogin(agent="claude", kind=Login.OWN, path=str(pipe)))
        assert daemon.ask(p.Inbox()).items == ()


@needs_sandbox
def test_a_login_is_in_one_file_and_an_agent_cannot_read_that(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Daemon(state) as daemon:
        done = daemon.ctl("agent", "login", text=TOKEN)
        assert (done.returncode, done.stderr) == (0, "")
        daemon.add_project("demo")
        secret = state / "secrets" / "claude.json"
        daemon.say(
            "demo",
            f"if cat {secret} || ls {secret.parent}; then exit 1; fi; env; echo fine > fine.txt",
        )
        daemon.until_kind("demo", "complete")
        assert json.loads(daemon.ctl("agent", "show", "--json").stdout)["login"] == "token"
    assert files_with(tmp_path, "hush") == ["state/secrets/claude.json"]
    assert [fact["kind"] for fact in facts(state) if fact["fact"] == "agent-logged-in"] == ["token"]


@needs_sandbox
def test_an_agent_that_is_not_logged_in_waits_and_everybody_is_told_what_to_do(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo", plan_approval=PlanApproval.MANUAL)
        daemon.say("demo", "make it")
        plan = daemon.until_kind("demo", "plan").plan
        daemon.ask(p.ProjectSet(project="demo", agent="claude"))
        daemon.ask(p.PlanApprove(plan=plan))
        daemon.until("demo", lambda entry: entry.kind == "limited")
        assert " agent login claude\n" in daemon.ctl("inbox").stdout
        assert "limited" in daemon.ctl("status").stdout
        (row,) = daemon.ask(p.TaskList()).tasks
        assert row.waits == "nobody is logged in; pmrunnerctl agent login claude"
        assert row.task.interruptions == 0
        # A person may have it tried; it is found out again, and no more than once.
        assert daemon.ctl("task", "retry", row.task.id).returncode == 0
        seen = 0

        def twice(kind: str) -> bool:
            nonlocal seen
            seen += kind == "limited"
            return seen == 2

        daemon.until("demo", lambda entry: twice(entry.kind))
