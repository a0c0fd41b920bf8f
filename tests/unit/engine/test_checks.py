import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pmrunnerd.engine.checks import Checks
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskKind, TaskState
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import GateRecord, Verdict
from pmrunnerd.model.views import Complaint, EvidenceDraft, EvidenceView
from pmrunnerd.rules.gates.failing import Heard
from pmrunnerd.store.store import Store
from tests.unit.engine.oracles import KNOWN
from tests.unit.rules.gates import tries
from tests.unit.store.parts import running

SOURCE = "5" * 64
SECTION = "## template\n[TO COMPLETE title: x]\n"


class Said:
    """Who says what stands in EVIDENCE.md, as a test has it."""

    def __init__(self) -> None:
        self.complaints: tuple[Complaint, ...] = ()
        self.source, self.seal = SOURCE, ""
        self.refusal: Refused | None = None

    async def check(self, *_: Any) -> EvidenceView:
        if self.refusal is not None:
            raise self.refusal
        return EvidenceView(
            source=self.source,
            commit="c" * 40,
            base="",
            areas=(),
            complaints=self.complaints,
            seal=self.seal,
        )

    async def write(self, *_: Any) -> EvidenceDraft:
        return EvidenceDraft(source=self.source, commit="c" * 40, section=SECTION, places=1)


async def heard(_: GateRecord) -> Mapping[str, Heard]:
    return {"unit": Heard(log="the last line\n")}


async def deaf(_: GateRecord) -> Mapping[str, Heard]:
    raise OSError("no descriptors")


def planned(agent: str) -> tuple[ev.AnyEvent, ...]:
    def task(name: str, kind: TaskKind, *needs: str) -> ev.PlannedTask:
        return ev.PlannedTask(task=name, name=name, title=name, text=name, kind=kind, needs=needs)

    tasks = (task("t1", TaskKind.GATES), task("t2", TaskKind.EVIDENCE, "t1"))
    project = ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo", agent=agent)
    said = ev.MessagePosted(message="m1", project="w1", text="do", by="anna")
    plan = ev.PlanDrafted(plan="p1", project="w1", message="m1", title="x", tasks=tasks)
    return (project, said, plan, ev.PlanApproved(plan="p1", project="w1"))


class Scene:
    """A plan of which only the end is to come."""

    def __init__(self, store: Store, hear: Any = heard) -> None:
        self.store, self.said = store, Said()
        accounting: Any = self.said
        self.checks = Checks(store, accounting, lambda: 3, hear=hear, agents=KNOWN)

    async def look(self, *facts: ev.AnyEvent, task: str = "t1") -> Any:
        """Have a task look, those facts happen, and what came of it be judged; return the task."""
        await self.checks.begin(task)
        await self.store.commit(*facts)
        await self.checks.judge(task)
        return self.store.ahead.tasks[task]


def gated(verdict: Verdict) -> tuple[ev.AnyEvent, ...]:
    record = replace(tries.RECORD, wanted=("unit",))
    started = replace(tries.STARTED, record=record)
    return (started, tries.ended("unit", verdict), tries.OVER)


def play(tmp_path: Path, scene: Any, agent: str = "oracle", hear: Any = heard) -> None:
    async def whole() -> None:
        async with running(tmp_path / "state") as store:
            await store.commit(*planned(agent))
            await scene(Scene(store, hear))

    asyncio.run(whole())


def test_what_gates_printed_goes_back_with_them_and_without_it_where_it_cannot_be_read(
    tmp_path: Path,
) -> None:
    async def scene(here: Scene) -> None:
        task = await here.look(*gated(Verdict.FAILED))
        assert task.state is TaskState.QUEUED
        assert task.objections == ("gate unit: failed\nthe last line",)

    async def unread(here: Scene) -> None:
        task = await here.look(*gated(Verdict.FAILED))
        assert task.objections == ("gate unit: failed",)

    play(tmp_path / "1", scene)
    play(tmp_path / "2", unread, hear=deaf)


def test_an_agent_that_only_replays_is_told_nothing_and_a_person_is_asked(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        task = await here.look(*gated(Verdict.FAILED))
        assert task.state is TaskState.AWAITING_RESPONSE

    play(tmp_path, scene, agent="shell")


def test_gates_that_could_not_be_declared_go_back_too(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        task = await here.look(tries.REFUSED)
        assert task.objections == ("no gate could be tried: no such commit",)

    play(tmp_path, scene)


def test_evidence_without_a_section_goes_to_the_agent_with_the_template(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        await here.look(*gated(Verdict.PASSED))
        here.said.complaints = (Complaint(what="there is no section", remedy="write it"),)
        task = await here.look(task="t2")
        assert task.objections[0] == "there is no section (write it)"
        assert SECTION in task.objections[1]

    play(tmp_path, scene)


def test_evidence_for_another_source_than_the_gates_judged_is_none(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        await here.look(*gated(Verdict.PASSED))
        here.said.source, here.said.seal = "6" * 64, "7" * 64
        task = await here.look(task="t2")
        assert "differs from what the gates judged" in task.objections[0]

    play(tmp_path, scene)


def test_a_plan_whose_evidence_holds_is_complete(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        await here.look(*gated(Verdict.PASSED))
        here.said.seal = "7" * 64
        task = await here.look(task="t2")
        assert task.state is TaskState.COMPLETE
        assert here.store.ahead.plans["p1"].state == "COMPLETE"

    play(tmp_path, scene)


def test_a_workspace_of_which_nothing_can_be_told_is_a_persons(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        await here.look(*gated(Verdict.PASSED))
        here.said.refusal = Refused("cannot tell the source digest: x is a submodule", hint="git")
        task = await here.look(task="t2")
        assert task.state is TaskState.AWAITING_RESPONSE

    play(tmp_path, scene)


def test_judging_twice_says_it_once(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        await here.look(*gated(Verdict.FAILED))
        before = here.store.ahead.seq
        await here.checks.judge("t1")
        assert here.store.ahead.seq == before

    play(tmp_path, scene)


def test_a_cancelled_look_is_over_when_its_gates_are(tmp_path: Path) -> None:
    async def scene(here: Scene) -> None:
        stop = ev.TaskCancelRequested(task="t1", project="w1", by="anna")
        task = await here.look(stop, tries.CANCELLED)
        assert task.state is TaskState.CANCELLED

    play(tmp_path, scene)
