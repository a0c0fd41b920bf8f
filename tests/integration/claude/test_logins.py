"""Claude Code under a real daemon: logged in by a person, limited by its provider, and let go on."""

import json
from pathlib import Path

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import PlanApproval
from pmrunnerd.model.logins import Login
from tests.fakes.model import Step, scripted
from tests.integration.daemon import Daemon
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox

KEY = "sk-ant-api03-hush"
DONE = {"summary": "It is done.", "files": []}


def at_work(daemon: Daemon, alias: str) -> None:
    """Have Claude Code work on what the shell agent planned."""
    daemon.add_project(alias, plan_approval=PlanApproval.MANUAL)
    daemon.say(alias, f"make {alias}")
    plan = daemon.until_kind(alias, "plan").plan
    daemon.ask(p.ProjectSet(project=alias, agent="claude"))
    daemon.ask(p.PlanApprove(plan=plan))


def limited(entry: v.Entry) -> bool:
    return entry.kind == "limited"


def test_a_key_that_is_wrong_is_found_out_once_and_another_one_has_it_go_on(tmp_path: Path) -> None:
    unknown = Step(error=(401, "authentication_error", {}))
    done = Step(tools=[("Write", {"file_path": str(tmp_path / "one" / "x.txt"), "content": "x"})])
    end = Step(tools=[("StructuredOutput", DONE | {"files": ["x.txt"]})])
    with scripted(unknown, done, end) as model:
        url = f"ANTHROPIC_BASE_URL={model.url}"
        with Daemon(tmp_path / "state", "--agent-env", url) as daemon:
            assert daemon.ctl("agent", "login", text="sk-ant-api03-wrong").returncode == 0
            at_work(daemon, "one")
            daemon.until("one", limited)
            assert len(model.requests) == 1
            (item,) = daemon.ask(p.Inbox()).items
            assert item.command == "pmrunnerctl agent login claude"
            assert daemon.ctl("agent", "login", text=KEY).returncode == 0
            daemon.until_kind("one", "complete")
            assert daemon.ask(p.Inbox()).items == ()
        assert KEY in model.headers[-1].values()


def test_an_own_login_that_was_renewed_while_a_run_had_the_one_of_before_is_tried(
    tmp_path: Path,
) -> None:
    own = tmp_path / ".credentials.json"

    def renew(token: str) -> None:
        login = {"accessToken": token, "expiresAt": 4_000_000_000_000}
        own.write_text(json.dumps({"claudeAiOauth": login}))

    renew("sk-ant-oat01-old")
    refused = Step(error=(401, "authentication_error", {}), delay=3.0)
    with scripted(refused, Step(tools=[("StructuredOutput", DONE)])) as model:
        url = f"ANTHROPIC_BASE_URL={model.url}"
        with Daemon(tmp_path / "state", "--agent-env", url) as daemon:
            daemon.ask(p.AgentLogin(agent="claude", kind=Login.OWN, path=str(own)))
            at_work(daemon, "one")
            model.wait(1)
            renew("sk-ant-oat01-new")
            daemon.until("one", limited)
            model.wait(2)
            daemon.until("one", lambda entry: entry.kind in {"complete", "error", "question"})
        assert "sk-ant-oat01-new" in str(model.headers[-1])


def test_what_a_person_has_tried_is_tried_by_one_run_and_the_others_wait_for_it(
    tmp_path: Path,
) -> None:
    refused = Step(error=(429, "rate_limit_error", {"retry-after": "3600"}))
    end = Step(tools=[("StructuredOutput", DONE)], delay=2.0, repeats=True)
    with scripted(refused, end) as model:
        url = f"ANTHROPIC_BASE_URL={model.url}"
        with Daemon(tmp_path / "state", "--agent-env", url) as daemon:
            assert daemon.ctl("agent", "login", text=KEY).returncode == 0
            at_work(daemon, "one")
            daemon.until("one", limited)
            at_work(daemon, "two")
            rows = daemon.ask(p.TaskList()).tasks
            assert ["limited by the provider until" in row.waits for row in rows] == [True, True]
            assert daemon.ctl("task", "retry", "t2").returncode == 0
            # Whatever becomes of them in the end: the second began once the first was served.
            for alias in ("one", "two"):
                daemon.until(alias, lambda entry: entry.kind in {"complete", "error", "question"})
            runs = sorted((row.run for row in daemon.ask(p.RunList()).runs), key=lambda run: run.at)
            assert [run.project for run in runs] == ["w1", "w1", "w2"]
            with daemon.client() as client:
                happened = list(client.stream(p.Events()))
            (free,) = (
                one.at for one in happened if any(isinstance(f, ev.AgentFree) for f in one.facts)
            )
            assert runs[1].at < free <= runs[2].at
