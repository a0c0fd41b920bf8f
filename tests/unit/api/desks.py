"""A desk of real parts on a directory of the test: a running store, and small answers around it."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.engine.logins import Logins
from pmrunnerd.model import events as ev
from pmrunnerd.model import views as v
from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.entities import Outcome, Project, Task
from pmrunnerd.model.errand import Inspected
from pmrunnerd.model.protocol import Access, EvidenceCheck, EvidenceWrite
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.upkeep import PruneTable
from pmrunnerd.model.views import EvidenceDraft, EvidenceView
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.errands.here import Here
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store

AT = "2026-01-01T00:00:00.000Z"
CHECKUP = Checkup(
    state_directory="/s", checks=(Check(name="open files", state="ok", found="at most 64"),)
)
ANNA = Caller(name="anna", uid=1000, access=Access.OPERATE)
READER = Caller(name="rita", uid=1001, access=Access.READ)


class Told:
    """Says that all is well with what is said of commits, and remembers of which."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, EvidenceCheck | EvidenceWrite]] = []

    async def check(self, project: Project, request: EvidenceCheck) -> EvidenceView:
        self.asked.append((project.id, request))
        return EvidenceView(source="s", commit="c", base="", areas=(), complaints=())

    async def write(self, project: Project, request: EvidenceWrite) -> EvidenceDraft:
        self.asked.append((project.id, request))
        return EvidenceDraft(source="s", commit="c", section="## s\n", places=0)


class Kept:
    """What is kept of runs, as a test says; it remembers who wanted it pruned."""

    def __init__(self) -> None:
        self.last: v.Retention | None = None
        self.table = PruneTable(runs=(), freed=0, kept=0, limit=1)
        self.pruned: list[str] = []

    async def look(self) -> PruneTable:
        return self.table

    async def prune(self, by: str) -> PruneTable:
        self.pruned.append(by)
        return self.table


class Bench:
    """What stands around a desk: it remembers what it was asked, and answers as it is told."""

    def __init__(self) -> None:
        self.stopped: list[bool] = []
        self.problem = ""
        self.reopened = asyncio.Event()
        self.found: dict[Path, Inspected] = {}
        self.inspecting = asyncio.Event()
        self.inspecting.set()
        self.inspects = asyncio.Event()
        self.growth = asyncio.Event()
        self.retention = Kept()
        self.evidence = Told()

    async def inspect(self, path: Path) -> Inspected:
        self.inspects.set()
        await self.inspecting.wait()
        return self.found.get(path, Inspected(path=str(path)))

    async def grown(self, _: str) -> None:
        await self.growth.wait()
        self.growth.clear()

    def waits(self, task: Task) -> str:
        return f"{task.id} has its reason"


def a_desk(store: Store, bench: Bench, **others: Any) -> Desk:
    desk = Desk(
        store=store,
        settings=Settings(web_port=0),
        environment="dev",
        release="0.1.0",
        started_at=AT,
        state_directory=store.directory,
        agents=("shell",),
        confinement="bubblewrap",
        waits=bench.waits,
        refusal=lambda: "",
        alive=lambda _: False,
        grown=bench.grown,
        memory=lambda: 4096,
        inspect=bench.inspect,
        stop=bench.stopped.append,
        checkup=lambda: CHECKUP,
        problem=lambda: bench.problem,
        now=lambda: AT,
        reopen=bench.reopened.set,
        retention=bench.retention,
        logins=Logins(store, Clock(), ["claude"], Here()),
        evidence=bench.evidence,
    )
    return replace(desk, **others)


class SlowDisk(Disk):
    """A disk that syncs only while it is allowed to."""

    def __init__(self) -> None:

        self.spinning = threading.Event()
        self.spinning.set()

    def sync(self, file: int) -> None:
        assert self.spinning.wait(30), "nobody let the disk go on"
        super().sync(file)


async def until(reached: Callable[[], object]) -> None:
    """Let the loop turn until something is so that nobody will tell us of."""
    async with asyncio.timeout(180):
        while not reached():  # noqa: ASYNC110 - as said
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def at_work(
    directory: Path, bench: Bench | None = None, disk: Disk | None = None, **others: Any
) -> AsyncIterator[Desk]:
    """Give a desk whose store runs, and close everything afterwards."""
    store = Store(directory / "state", lambda: AT, release="0.1.0", disk=disk)
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(store.run())
            yield a_desk(store, bench or Bench(), **others)
            running.cancel()
    finally:
        store.close()


def added(alias: str = "demo", project: str = "w1") -> ev.ProjectAdded:
    return ev.ProjectAdded(project=project, alias=alias, path=f"/srv/{alias}", by="anna")


def posted(text: str = "do it", message: str = "m1", project: str = "w1") -> ev.MessagePosted:
    return ev.MessagePosted(message=message, project=project, text=text, by="anna")


def drafted(*names: str) -> ev.PlanDrafted:
    """Plan p1 for message m1, with tasks t1, t2, …, each after the one before."""
    tasks = tuple(
        ev.PlannedTask(
            task=f"t{n}",
            name=name,
            title=f"the {name}",
            text=f"echo {name}",
            needs=(f"t{n - 1}",) if n > 1 else (),
        )
        for n, name in enumerate(names, 1)
    )
    return ev.PlanDrafted(plan="p1", project="w1", message="m1", title="all of it", tasks=tasks)


APPROVED = ev.PlanApproved(plan="p1", project="w1")
SUBMITTED = ev.PlanSubmitted(plan="p1", project="w1")


def started(run: str = "r1-aaaa", task: str = "t1") -> ev.RunStarted:
    return ev.RunStarted(run=run, task=task, project="w1", agent="shell", attempt=1)


def asked(
    *questions: str, run: str = "r1-aaaa", task: str = "t1"
) -> tuple[ev.AnyEvent, ev.AnyEvent]:

    return (
        ev.RunEnded(run=run, project="w1", outcome=Outcome.ASKED, cursor=10),
        ev.TaskAsked(
            task=task,
            project="w1",
            run=run,
            questions=tuple(
                ev.AskedQuestion(question=f"q{n}", text=text, options=("yes", "no"))
                for n, text in enumerate(questions, 1)
            ),
        ),
    )
