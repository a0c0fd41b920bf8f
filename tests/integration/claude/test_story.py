"""From a message to commits, with a real daemon: plan, two tasks, a question, a restart, an answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanApproval, PlanState
from tests.everything import some
from tests.fakes.model import Model, Step, scripted
from tests.integration.claude.parts import log_in, plan, question, result, uses
from tests.integration.daemon import Daemon, git
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox

TASKS: list[dict[str, Any]] = [
    {"name": "fetch", "title": "Fetch the fruit", "instructions": "Put a fruit into fruit.txt."},
    {
        "name": "count",
        "title": "Count the fruit",
        "instructions": "Count the letters of the fruit.",
        "needs": ["fetch"],
        "files": ["count.txt"],
    },
]


@contextmanager
def daemon(tmp_path: Path, model: Model, *options: str) -> Iterator[Daemon]:
    state = tmp_path / "state"
    log_in(state)
    state.chmod(0o700)
    with Daemon(state, f"--agent-env=ANTHROPIC_BASE_URL={model.url}", *options) as started:
        yield started


def test_a_message_becomes_commits_and_a_question_outlives_the_daemon(tmp_path: Path) -> None:
    workspace = tmp_path / "demo"
    steps = [
        plan("Fruit", TASKS, anywhere="<request>\nCount a fruit.\n</request>"),
        uses("AskUserQuestion", questions=[question("Which fruit?", "apple", "cherry")]),
        uses("Bash", command="echo cherry > fruit.txt; cat fruit.txt"),
        result("The fruit is a cherry.", "fruit.txt", last="cherry"),
        uses("Bash", command="tr -d '\\n' < fruit.txt | wc -c > count.txt; cat count.txt"),
        result("It has six letters.", "count.txt", last="6"),
    ]
    steps[0].anywhere = "Be thorough."
    steps[1].anywhere = "<task>\nPut a fruit into fruit.txt.\n</task>"
    steps[2].last = "cherry"
    steps[4].anywhere = "<result of fetch>\nFetch the fruit\nThe fruit is a cherry.\n"
    with scripted(*steps) as model, daemon(tmp_path, model) as running:
        running.add_project("demo", agent="claude", bootstrap_prompt="Be thorough.")
        running.say("demo", "Count a fruit.")
        asked = running.until_kind("demo", "question")
        running.kill()
        running.start()
        (item,) = running.ask(p.Inbox()).items
        assert item.text == "Which fruit?"
        done = running.ctl("answer", item.id, "cherry")
        assert done.returncode == 0, done.stderr
        running.until_kind("demo", "complete", 2)
        shown = running.ask(p.PlanShow(plan=asked.plan))

    assert shown.plan.state is PlanState.COMPLETE
    assert git(workspace, "log", "--format=%s", "-2").splitlines() == [
        "Count the fruit",
        "Fetch the fruit",
    ]
    assert git(workspace, "show", "HEAD:count.txt").strip() == "6"
    by_session: dict[str, int] = {}
    for headers in model.headers:
        session = headers["X-Claude-Code-Session-Id"]
        by_session[session] = by_session.get(session, 0) + 1
    assert sorted(by_session.values()) == [1, 2, 3]


def test_a_plan_that_is_sent_back_is_made_anew_by_the_same_session(tmp_path: Path) -> None:
    one = [{"name": "all", "title": "All at once", "instructions": "Do it."}]
    again = plan("Better", TASKS, last="- in two steps, please")
    with scripted(plan("Fruit", one), again) as model, daemon(tmp_path, model) as running:
        running.add_project("demo", agent="claude", plan_approval=PlanApproval.MANUAL)
        running.say("demo", "Count a fruit.")
        first = running.until_kind("demo", "plan").plan
        done = running.ctl("plan", "reject", first, "in two steps, please")
        assert done.returncode == 0, done.stderr
        second = running.until("demo", lambda e: e.kind == "plan" and e.plan != first).plan
        tasks = running.ask(p.PlanShow(plan=second)).tasks
        running.ask(p.PlanReject(plan=second, reason="enough", drop=True))

    assert [row.task.name for row in tasks if row.task.kind == "work"] == ["fetch", "count"]
    assert len({headers["X-Claude-Code-Session-Id"] for headers in model.headers}) == 1


@pytest.mark.parametrize(
    ("scope", "setting"),
    some(
        [
            ("task", "task-dollars"),
            ("run", "dollars"),
            ("plan", "plan-dollars"),
            ("day", "day-dollars"),
        ]
    ),
)
def test_a_budget_that_is_used_up_is_a_question_and_a_person_raises_it(
    tmp_path: Path, scope: str, setting: str
) -> None:
    one = [{"name": "all", "title": "All at once", "instructions": "Do it."}]
    goes_on = Step(tools=[("Bash", {"command": "echo again"})], repeats=True)
    steps = [plan("Fruit", one), result("Enough.", last="tried again"), goes_on]
    with (
        scripted(*steps) as model,
        daemon(tmp_path, model, f"--agent-claude-{setting}=0.02") as running,
    ):
        running.add_project("demo", agent="claude")
        running.say("demo", "Do it.")
        running.until_kind("demo", "question")
        (item,) = running.ask(p.Inbox()).items
        assert item.text.startswith(f"The {scope} has cost $0.0200, and may cost $0.0200.")
        done = running.ctl("answer", item.id, "raise the limit")
        assert done.returncode == 0, done.stderr
        running.until_kind("demo", "complete")
        costs = [row.run.ended.dollars for row in running.ask(p.RunList()).runs]

    assert len(costs) == 3
    assert all(cost > 0 for cost in costs)
    # What its planning had cost is part of what a plan and a day may cost.
    assert costs[1] >= (0.02 if scope in {"run", "task"} else 0.015)


def test_a_provider_s_limit_parks_the_task_until_its_reset(tmp_path: Path) -> None:
    one = [{"name": "all", "title": "All at once", "instructions": "Do it."}]
    refused = Step(error=(529, "overloaded_error", {}), repeats=True)
    with scripted(plan("Fruit", one), refused) as model, daemon(tmp_path, model) as running:
        running.add_project("demo", agent="claude")
        running.say("demo", "Do it.")
        running.until("demo", lambda entry: entry.kind == "limited")
        asked = len(model.requests)
        rows = {row.task.name: row for row in running.ask(p.TaskList()).tasks}
        assert "the provider is overloaded (529)" in rows["all"].waits
        assert rows["all"].task.interruptions == 0
        model.steps[1:] = [result("It is done.")]
        done = running.ctl("task", "retry", rows["all"].task.id)
        assert done.returncode == 0, done.stderr
        running.until_kind("demo", "complete")

    assert len(model.requests) == asked + 1
