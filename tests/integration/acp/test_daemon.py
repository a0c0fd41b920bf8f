"""From a message to a commit with a real daemon, over a question and a restart."""

from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState
from tests.integration.acp.parts import scripted
from tests.integration.daemon import Daemon, git
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox


def test_a_message_is_one_task_and_its_questions_outlive_the_daemon(tmp_path: Path) -> None:
    make = {"run": "echo cherry > fruit.txt"}
    command, shown = scripted(
        tmp_path / "script",
        [{"expect": "<task>\nCount a fruit.\n</task>"}, make],
        [{"expect": "It is allowed; do it again now."}, make, {"say": "It is a cherry."}],
    )
    options = (f"--agent-acp-command={command}", f"--agent-acp-shown={shown}")
    with Daemon(tmp_path / "state", *options) as running:
        running.add_project("demo", agent="acp", bootstrap_prompt="Be thorough.")
        running.say("demo", "Count a fruit.")
        asked = running.until_kind("demo", "question")
        running.kill()
        running.start()
        (item,) = running.ask(p.Inbox()).items
        assert item.text.startswith("May it use execute on echo cherry > fruit.txt?\n")
        done = running.ctl("answer", item.id, "allow once")
        assert done.returncode == 0, done.stderr
        running.until_kind("demo", "complete")
        shown_plan = running.ask(p.PlanShow(plan=asked.plan))
        doctor = {one.name: one for one in running.ask(p.Doctor()).checks}

    assert shown_plan.plan.state is PlanState.COMPLETE
    assert [row.task.result for row in shown_plan.tasks] == ["It is a cherry."]
    assert git(tmp_path / "demo", "log", "--format=%s", "-1").strip() == "Count a fruit."
    assert git(tmp_path / "demo", "show", "HEAD:fruit.txt").strip() == "cherry"
    assert doctor["acp"].state == "ok"


def test_without_a_command_the_task_fails_with_what_to_do_and_doctor_says_so(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as running:
        running.add_project("demo", agent="acp")
        running.say("demo", "Count a fruit.")
        failed = running.until_kind("demo", "error")
        doctor = {one.name: one for one in running.ask(p.Doctor()).checks}

    assert "cannot start the agent: agent.acp.command is not set" in failed.text
    assert (doctor["acp"].state, doctor["acp"].found) == (
        "problem",
        "agent.acp.command is not set",
    )
