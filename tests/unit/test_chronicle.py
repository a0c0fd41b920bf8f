import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.chronicle import LONGEST, MOST_BEHIND, Chronicle, fields, records
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.state import State
from pmrunnerd.outlet import Outlet
from pmrunnerd.services.logfmt import Line
from pmrunnerd.sinks import Stream
from pmrunnerd.store.batch import Batch, decode
from pmrunnerd.store.store import Store
from tests.integration.logs import events
from tests.unit.rules.gates import tries
from tests.unit.rules.life import AT, a_plan, a_project, asked, happen, started
from tests.unit.store.parts import project, running, said

WORDS = "anna's own words"
RESULTS = {"result": tries.result("unit", why=WORDS)}
TASK = ev.PlannedTask(task="t2", name="a", title=WORDS, text=WORDS, files=(WORDS,), risk=WORDS)


def ended(outcome: Outcome, reason: str = "") -> ev.RunEnded:
    return ev.RunEnded(run="r1", project="w1", outcome=outcome, cursor=9, reason=reason)


@pytest.mark.parametrize(
    "fact",
    [
        ev.MessagePosted(message="m1", project="w1", text=WORDS, by="anna"),
        ev.QuestionAnswered(question="q1", project="w1", text=WORDS, by="anna"),
        ev.PlanRejected(plan="p1", project="w1", reason=WORDS, by="anna"),
        ev.PlanRefused(plan="p1", project="w1", message="m1", reason=WORDS),
        ev.ProjectChanged(project="w1", bootstrap_prompt=WORDS),
        ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo", bootstrap_prompt=WORDS),
        ev.TaskAsked(
            task="t1",
            project="w1",
            run="r1",
            questions=(ev.AskedQuestion(question="q1", text=WORDS, options=(WORDS,)),),
        ),
        ev.PlanDrafted(
            plan="p1",
            project="w1",
            message="m1",
            title=WORDS,
            tasks=(ev.PlannedTask(task="t1", name="a", title=WORDS, text=WORDS),),
        ),
        ev.PlanBegun(
            plan="p1",
            project="w1",
            message="m1",
            title=WORDS,
            agent="oracle",
            planner=ev.PlannedTask(task="t1", name="plan", title=WORDS, text=WORDS),
            objections=(WORDS,),
        ),
        ev.PlanProposed(plan="p1", project="w1", run="r1", title=WORDS, tasks=(TASK,)),
        ev.PlanEdited(plan="p1", project="w1", title=WORDS, tasks=(TASK,), by="anna"),
        ev.TaskSentBack(task="t1", project="w1", objections=(WORDS,)),
        ev.TaskFailed(task="t1", project="w1", reason=f"what it proposed is no plan: {WORDS}"),
        ev.TaskFailed(task="t1", project="w1", reason=f"exit status 1: {WORDS}"),
        ended(Outcome.FAILED, f"exit status 1: {WORDS}"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_somebody_said_is_not_told(fact: ev.AnyEvent) -> None:
    assert WORDS not in str(fields(a_project(), fact))


def test_no_field_of_any_fact_is_told_that_was_not_thought_of() -> None:
    private = {"text", "title", "bootstrap_prompt", "options", "reply", "session"}
    for kind in get_args(ev.AnyEvent):
        given = {
            field.name: WORDS if field.name in private else RESULTS.get(field.name, ())
            for field in msgspec.structs.fields(kind)
            if field.required or field.name in private
        }
        told = fields(State(), kind(**given))
        assert WORDS not in str(told), kind


def test_a_project_is_told_by_the_name_that_people_type() -> None:
    fact = ev.TaskCompleted(task="t7", project="w1", commit="abc")
    assert fields(a_project(), fact) == {"project": "demo", "task": "t7", "git": "abc"}
    assert fields(State(), fact)["project"] == "w1"
    assert fields(State(), tries.ended("lint", Verdict.KILLED))["verdict"] == "killed"


def test_the_story_of_a_task_has_what_its_runs_and_questions_did() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *asked("t1", "r1-aaaa", WORDS))
    began = ev.RunBegan(run="r1-aaaa", project="w1", cursor=1, head="4f2a", confined=True)
    assert fields(state, began)["task"] == "t1"
    answered = ev.QuestionAnswered(question="q1", project="w1", text=WORDS, by="anna")
    assert fields(state, answered)["task"] == "t1"
    drafted = ev.PlanDrafted(plan="p1", project="w1", message="m1", title="", tasks=(TASK,))
    assert fields(state, drafted)["task"] == ("t2",)
    gone = ev.RunEnded(run="r9-aaaa", project="w1", outcome=Outcome.FAILED, cursor=1)
    assert "task" not in fields(state, gone)


def test_a_reason_is_one_line_and_not_too_long() -> None:
    fact = ev.TaskHeld(task="t1", project="w1", reason="first\nsecond")
    assert fields(State(), fact)["reason"] == "first…"
    long = ev.TaskHeld(task="t1", project="w1", reason="x" * 5000)
    assert len(fields(State(), long)["reason"]) == LONGEST


@pytest.mark.parametrize(
    ("fact", "level"),
    [
        (ended(Outcome.SUCCEEDED), logging.INFO),
        (ended(Outcome.ASKED), logging.INFO),
        (ended(Outcome.FAILED), logging.WARNING),
        (ended(Outcome.TIMED_OUT), logging.WARNING),
        (ended(Outcome.STALLED), logging.WARNING),
        (ev.TaskFailed(task="t1", project="w1", reason="x"), logging.WARNING),
        (ev.TaskHeld(task="t1", project="w1", reason="x"), logging.WARNING),
        (ev.TaskInterrupted(task="t1", project="w1", reason="x"), logging.WARNING),
        (ev.TaskInterrupted(task="t1", project="w1", reason="x", parked=True), logging.INFO),
        (ev.PlanFailed(plan="p1", project="w1", reason="x"), logging.WARNING),
        (ev.TaskCompleted(task="t1", project="w1"), logging.INFO),
        (
            ev.RunBegan(run="r1-aaaa", project="w1", cursor=1, head="4f2a", confined=True),
            logging.INFO,
        ),
        (
            ev.RunBegan(run="r1-aaaa", project="w1", cursor=1, head="4f2a", confined=False),
            logging.WARNING,
        ),
    ],
)
def test_what_went_wrong_is_a_warning(fact: ev.AnyEvent, level: int) -> None:
    (record,) = records(State(), Batch(seq=1, at=AT, facts=(fact,)))
    assert record.levelno == level


def test_a_run_that_nothing_confines_is_told_in_the_word_of_every_page() -> None:
    began = ev.RunBegan(run="r1-aaaa", project="w1", cursor=1, head="4f2a", confined=False)
    assert fields(State(), began)["confinement"] == "UNCONFINED"
    assert "confinement" not in fields(State(), replace(began, confined=True))


def test_the_time_of_a_line_is_that_of_the_fact_and_a_fact_of_a_newer_release_has_its_line() -> (
    None
):
    batch = decode(b'{"seq":8,"at":"2026-11-24T12:30:00.123Z","facts":[{"fact":"moon-landed"}]}')
    (record,) = records(State(), batch)
    assert Line(managed=False).format(record) == (
        "time=2026-11-24T12:30:00.123Z level=info event=moon-landed commit=8 known=false"
    )


class Told:
    """A log that a test reads."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self.outlet = Outlet(Stream(self._write), Line(managed=False))

    def close(self) -> list[dict[str, str]]:
        """Return every event that was told."""
        self.outlet.close(20)
        os.close(self._write)
        with os.fdopen(self._read) as file:
            return events(file.read())


@contextlib.asynccontextmanager
async def telling(chronicle: Chronicle) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(chronicle.run())
        await asyncio.sleep(0)
        yield
        task.cancel()


def test_everything_that_is_durable_when_it_ends_was_told_once_and_in_order(tmp_path: Path) -> None:
    told = Told()

    async def scenario() -> None:
        async with running(tmp_path) as store:
            await store.commit(project())
            async with telling(Chronicle(store, told.outlet)):
                for count in range(1, 200):
                    await store.commit(said(count))

    asyncio.run(scenario())
    assert [int(event["commit"]) for event in told.close()] == list(range(2, 201))


def test_one_that_fell_behind_says_how_many_it_skipped_and_how_to_see_them(tmp_path: Path) -> None:
    told = Told()

    async def scenario() -> None:
        async with running(tmp_path) as store:
            await store.commit(project())
            chronicle = Chronicle(store, told.outlet)
            for count in range(1, MOST_BEHIND + 2):
                store.commit(said(count))
            await store.commit()
            async with telling(chronicle):
                pass
            async with telling(Chronicle(store, told.outlet)):
                await store.commit(said(MOST_BEHIND + 2))

    asyncio.run(scenario())
    skipped, *others = told.close()
    assert skipped["event"] == "skipped"
    assert skipped["level"] == "warning"
    assert skipped["count"] == str(MOST_BEHIND + 1)
    assert skipped["hint"] == "pmrunnerctl events --since 1"
    assert [event["message"] for event in others] == [f"m{MOST_BEHIND + 2}"]


class Blind(Store):
    """A store whose history cannot be read."""

    def read(self, since: int, limit: int = 256) -> list[Batch]:
        raise OSError(24, "Too many open files")


def test_a_journal_that_cannot_be_read_costs_lines_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()

    async def scenario() -> None:
        store = Blind(tmp_path, lambda: AT, release="1")
        async with asyncio.TaskGroup() as group:
            life = group.create_task(store.run())
            async with telling(Chronicle(store, told.outlet)):
                await store.commit(project())
                await store.commit(said(1))
            life.cancel()
        store.close()

    asyncio.run(scenario())
    assert told.close() == []
    assert "cannot tell what happened after commit 0" in caplog.text
