import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.api.desk import Desk
from pmrunnerd.api.reads import READS
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.settings import Settings
from pmrunnerd.rules.answers import answer
from tests.unit.api import desks
from tests.unit.api.desks import at_work


def with_work(tmp_path: Path, look: Callable[[Desk], None]) -> None:
    """Look at a project with a plan of three tasks of which one runs, and at another project."""

    async def scenario() -> None:
        async with at_work(tmp_path, alive=lambda run: run == "r1-aaaa") as desk:
            await desk.store.commit(desks.added(), desks.added("other", "w2"))
            await desk.store.commit(desks.posted("the text"))
            await desk.store.commit(desks.drafted("one", "two", "three"), desks.APPROVED)
            await desk.store.commit(desks.started())
            look(desk)

    asyncio.run(scenario())


def ask(desk: Desk, request: p.Request[p.R]) -> p.R:
    """Answer as a handler does, and check that it is what the table of commands promises."""
    view = READS[type(request)](desk, request)
    reply = p.BY_REQUEST[type(request)].reply
    found: Any = msgspec.msgpack.decode(msgspec.msgpack.encode(view), type=reply)
    assert found == view
    answer: p.R = found
    return answer


def test_the_overview_tells_where_everything_is(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        desk.doors["web"] = v.Door(name="web", address="http://127.0.0.1:3503", problem="taken")
        found = ask(desk, p.Status())
        assert (found.environment, found.release, found.pid) == ("dev", "0.1.0", os.getpid())
        assert (found.durable, found.runs, found.slots, found.questions) == (4, 1, 2, 0)
        assert found.doors[0].problem == "taken"
        assert [row.alias for row in found.projects] == ["demo", "other"]
        assert found.tasks[TaskState.RUNNING] == 1
        assert (found.memory, found.confinement) == (4096, "bubblewrap")

    with_work(tmp_path, look)


def test_lists_are_latest_first_and_no_longer_than_asked_for(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        def tasks(**about: object) -> list[str]:
            return [row.task.id for row in ask(desk, p.TaskList(**about)).tasks]  # type: ignore[arg-type]

        assert tasks() == ["t3", "t2", "t1"]
        assert tasks(limit=2) == ["t3", "t2"]
        assert tasks(project="demo", limit=3) == ["t3", "t2", "t1"]
        assert tasks(project="w2") == []
        assert [row.plan.id for row in ask(desk, p.PlanList()).plans] == ["p1"]
        assert [row.run.id for row in ask(desk, p.RunList()).runs] == ["r1-aaaa"]

    with_work(tmp_path, look)


def test_one_thing_is_shown_with_what_belongs_to_it(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        plan = ask(desk, p.PlanShow(plan="p1"))
        assert (plan.message, [row.task.id for row in plan.tasks]) == (
            "the text",
            ["t1", "t2", "t3"],
        )
        task = ask(desk, p.TaskShow(task="t1"))
        assert (task.task.text, [run.id for run in task.runs]) == ("echo one", ["r1-aaaa"])
        run = ask(desk, p.RunShow(run="r1-aaaa"))
        assert (run.alive, run.title) == (True, "the one")
        assert run.directory == str(desk.state_directory / "runs" / "r1-aaaa")
        assert ask(desk, p.ProjectShow(project="demo")).row.now == "running t1 one"
        assert len(ask(desk, p.ChatHistory(project="demo")).entries) == 2
        assert ask(desk, p.Inbox()).items == ()
        assert len(ask(desk, p.ProjectList()).projects) == 2

    with_work(tmp_path, look)


@pytest.mark.parametrize(
    "request_",
    [
        p.TaskList(project="nope"),
        p.PlanList(project="nope"),
        p.RunList(project="nope"),
        p.Inbox(project="nope"),
        p.ProjectShow(project="nope"),
        p.ChatHistory(project="nope"),
        p.PlanShow(plan="p9"),
        p.TaskShow(task="t9"),
        p.RunShow(run="r9"),
    ],
)
def test_what_is_not_there_is_not_found(tmp_path: Path, request_: p.Request[v.View]) -> None:
    def look(desk: Desk) -> None:
        with pytest.raises(NotFound) as missing:
            READS[type(request_)](desk, request_)
        assert missing.value.hint

    with_work(tmp_path, look)


def test_doctor_tells_what_the_daemon_finds_of_itself(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        assert ask(desk, p.Doctor()) == desks.CHECKUP
        desk.doors["control"] = v.Door(name="control", address="/s/control.sock")
        desk.doors["web"] = v.Door(name="web", address="http://127.0.0.1:1", problem="in use")
        *_, control, web = ask(desk, p.Doctor()).checks
        assert (control.state, control.found) == ("ok", "/s/control.sock")
        assert (web.state, web.found) == ("problem", "in use")
        assert web.hint
        taken = "port 1 is in use by pid 7; once it is free: sudo systemctl restart pm-runner@prod"
        desk.doors["web"] = v.Door(name="web", address="http://127.0.0.1:1", problem=taken)
        web = ask(desk, p.Doctor()).checks[-1]
        assert web.found == "port 1 is in use by pid 7"
        assert web.hint.startswith("sudo systemctl restart pm-runner@prod   #")

    with_work(tmp_path, look)


def test_a_limit_is_shown_for_the_agent_whose_it_is_alone(tmp_path: Path) -> None:
    limits = Settings(agent_claude_task_dollars=2.0, agent_claude_plan_dollars=5.0)

    async def scenario(agent: str) -> tuple[float, float]:
        async with at_work(tmp_path / agent, alive=lambda run: run == "r1-aaaa") as desk:
            added = msgspec.structs.replace(desks.added(), agent=agent)
            await desk.store.commit(added)
            await desk.store.commit(desks.posted("the text"))
            await desk.store.commit(desks.drafted("one"))
            limited = replace(desk, settings=limits)
            task, plan = p.TaskShow(task="t1"), p.PlanShow(plan="p1")
            return ask(limited, task).limit, ask(limited, plan).limit

    assert asyncio.run(scenario("claude")) == (2.0, 5.0)
    assert asyncio.run(scenario("acp")) == (0.0, 0.0)


def test_the_overview_tells_what_is_kept_of_runs_once_somebody_has_looked(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        assert ask(desk, p.Status()).retention is None
        kept = desks.Kept()
        kept.last = v.Retention(at=desks.AT, size=1, limit=2, runs=3, prunable=4)
        assert ask(replace(desk, retention=kept), p.Status()).retention == kept.last

    with_work(tmp_path, look)


def test_where_nothing_confines_runs_every_project_says_so(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        assert not any(row.unconfined for row in ask(desk, p.ProjectList()).projects)
        desk.confinement = v.UNCONFINED
        rows = [
            *ask(desk, p.Status()).projects,
            *ask(desk, p.ProjectList()).projects,
            ask(desk, p.ProjectShow(project="demo")).row,
        ]
        assert all(row.unconfined for row in rows)

    with_work(tmp_path, look)


def test_where_nothing_confines_runs_a_plan_says_so(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        assert not ask(desk, p.PlanShow(plan="p1")).unconfined
        assert [row.unconfined for row in ask(desk, p.PlanList()).plans] == [False]
        desk.confinement = v.UNCONFINED
        assert ask(desk, p.PlanShow(plan="p1")).unconfined
        assert [row.unconfined for row in ask(desk, p.PlanList()).plans] == [True]
        entries = ask(desk, p.ChatHistory(project="demo")).entries
        assert [entry.kind for entry in entries if entry.unconfined] == ["plan"]

    with_work(tmp_path, look)


def test_a_question_is_shown_by_its_name_also_once_it_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            await desk.store.commit(desks.posted("the text"))
            await desk.store.commit(desks.drafted("one"), desks.APPROVED)
            await desk.store.commit(desks.started())
            await desk.store.commit(*desks.asked("really?"))
            for told in (p.Inbox(), p.Inbox(question="q1")):
                assert [item.unconfined for item in ask(desk, told).items] == [False]
                bare = replace(desk, confinement=v.UNCONFINED)
                assert [item.unconfined for item in ask(bare, told).items] == [True]
            await desk.store.commit(*answer(desk.store.state, "q1", "no", "anna"))

            (found,) = ask(desk, p.Inbox(question="q1")).items
            assert (found.text, found.options) == ("really?", ("yes", "no"))
            assert ask(desk, p.Inbox()).items == ()
            with pytest.raises(NotFound):
                READS[p.Inbox](desk, p.Inbox(question="q9"))

    asyncio.run(scenario())


def test_what_was_said_in_a_removed_project_can_be_read_and_nothing_else_be_done_with_it(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.posted("the text"))
            (said,) = ask(desk, p.ChatHistory(project="demo")).entries
            await desk.store.commit(ev.ProjectRemoved(project="w1", by="anna"))
            for name in ("demo", "w1"):
                assert ask(desk, p.ChatHistory(project=name)).entries == (said,)
                with pytest.raises(NotFound):
                    ask(desk, p.ProjectShow(project=name))

    asyncio.run(scenario())
