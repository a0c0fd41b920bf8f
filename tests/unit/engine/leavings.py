"""What runs leave: a real store, directories and references, and the hands that let go of them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pmrunnerd.engine.remains import Remains
from pmrunnerd.engine.stock import Stock
from pmrunnerd.engine.sweep import Sweeper
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.rules.retention import DAY, Limits
from pmrunnerd.services import marker
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.keptrefs import REFS
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.unit.services.parts import git, repository
from tests.unit.store.parts import running

KIB = 1 << 10
LIMITS = Limits(age=30 * DAY, size=1 << 40, latest=0)


class LeapingClock(Clock):
    """Seconds `ahead` of this machine's; `later` are seconds that have passed by any clock."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = self.later = 0.0

    def now(self) -> str:
        return (datetime.now(UTC) + timedelta(seconds=self.ahead + self.later)).isoformat()

    def monotonic(self) -> float:
        return super().monotonic() + self.later

    def leap(self, seconds: float) -> None:
        self.ahead += seconds

    def is_now(self, at: str) -> None:
        self.ahead = datetime.fromisoformat(at).timestamp() - time.time()


class Leavings:
    """Project `demo` with two tasks: t1 is complete after three runs, t2 failed with r4.

    r1 was kept as a reference. `sizes` are of events, in KiB; a run with a larger number is younger.
    """

    RUNS = ("r1-aaaa", "r2-bbbb", "r3-cccc", "r4-dddd")

    def __init__(self, store: Store, root: Path, limits: Limits, every: float) -> None:
        self.store, self.limits = store, limits
        self.directory = root / "state/runs"
        self.directory.mkdir(exist_ok=True)
        self.workspace = root / "w"
        if not self.workspace.exists():
            repository(self.workspace)
        self.living: set[str] = set()
        self.bug = False
        self.stops_at = ""
        self.over = asyncio.Event()
        self.workspaces = Workspaces(store, unconfined=False, errands=Here())
        self.remains = Remains(
            *(self.directory, lambda: store.state, self.workspaces, Here()),
            hidden=(store.directory,),
            unconfined=False,
        )
        self.clock = LeapingClock()
        self.stock = Stock(store, self.clock, self.remains)
        self.sweeper = Sweeper(
            *(store, self.clock, self.remains, limits),
            alive=self.alive,
            over=self.over,
            every=every,
        )

    def alive(self, run: str) -> bool:
        if self.bug:
            raise KeyError("a bug")
        if run == self.stops_at:
            self.sweeper.stop()
        return run in self.living

    async def live(self) -> None:
        if self.store.state.projects:
            return  # it lived before
        tasks = tuple(
            ev.PlannedTask(task=f"t{n}", name=f"n{n}", title="x", text="true") for n in (1, 2)
        )
        await self.store.commit(
            ev.ProjectAdded(project="w1", alias="demo", path=str(self.workspace)),
            ev.MessagePosted(message="m1", project="w1", text="true", by="anna"),
            ev.PlanDrafted(plan="p1", project="w1", message="m1", title="x", tasks=tasks),
            ev.PlanApproved(plan="p1", project="w1"),
        )
        again = ev.TaskRetried(task="t1", project="w1", by="anna")
        failed = ev.TaskFailed(task="t1", project="w1", reason="no")
        for number, run in enumerate(self.RUNS[:2], 1):
            await self.store.commit(
                self.started(run, attempt=number), self.ended(run, Outcome.FAILED), failed
            )
            await self.store.commit(again)
        await self.store.commit(
            self.started(self.RUNS[2], attempt=3),
            self.ended(self.RUNS[2], Outcome.SUCCEEDED),
            ev.TaskCompleted(task="t1", project="w1"),
        )
        await self.store.commit(
            self.started(self.RUNS[3], task="t2"),
            self.ended(self.RUNS[3], Outcome.FAILED),
            ev.TaskFailed(task="t2", project="w1", reason="no"),
        )
        for run in self.RUNS:
            self.has_files(run)
            git(self.workspace, "update-ref", f"{REFS}/{run}", "HEAD")

    @staticmethod
    def started(run: str, task: str = "t1", attempt: int = 1) -> ev.RunStarted:
        return ev.RunStarted(run=run, task=task, project="w1", agent="shell", attempt=attempt)

    @staticmethod
    def ended(run: str, outcome: Outcome) -> ev.RunEnded:
        kept = f"{REFS}/{run}" if outcome is Outcome.FAILED else ""
        return ev.RunEnded(run=run, project="w1", outcome=outcome, cursor=1, kept=kept)

    def has_files(self, run: str, kib: int = 64) -> None:
        path = self.directory / run
        (path / "agent").mkdir(parents=True)
        (path / "events.jsonl").write_bytes(b"x" * kib * KIB)

    def is_old(self, *runs: str, days: float = 31) -> None:
        """Have the files of some runs be as old as that, the first one oldest."""
        for younger, run in enumerate(runs):
            then = time.time() - days * DAY + younger
            for path in (*(self.directory / run).rglob("*"), self.directory / run):
                os.utime(path, (then, then))

    def in_tree(self, run: str) -> None:
        """Have the workspace be as a run left it that nobody cleaned up after."""
        marker.write(self.workspace, marker.Marker(run=run, head="0" * 40, branch="main"))

    def there(self) -> set[str]:
        return {path.name for path in self.directory.iterdir()}

    def refs(self) -> set[str]:
        found = git(self.workspace, "for-each-ref", "--format=%(refname)", REFS).split()
        return {ref.removeprefix(f"{REFS}/") for ref in found}

    def facts(self) -> list[ev.RunPruned]:
        found = (fact for batch in self.store.read(0) for fact in batch.facts)
        return [fact for fact in found if isinstance(fact, ev.RunPruned)]


@asynccontextmanager
async def leavings(
    root: Path, limits: Limits = LIMITS, disk: Disk | None = None, every: float = 3600
) -> AsyncIterator[Leavings]:
    """Open the state below a directory, and have lived where nobody did."""
    async with running(root / "state", disk=disk) as store:
        left = Leavings(store, root, limits, every)
        await left.live()
        yield left


def with_leavings(
    root: Path,
    scene: Callable[[Leavings], Awaitable[None]],
    limits: Limits = LIMITS,
    disk: Disk | None = None,
    every: float = 3600,
) -> None:
    """Run a scene on what runs have left."""

    async def whole() -> None:
        async with leavings(root, limits, disk, every) as left:
            await scene(left)

    asyncio.run(whole())


async def until(true: Callable[[], object]) -> None:
    """Return as soon as something is true, and let the loop turn until then."""
    async with asyncio.timeout(180):
        while not true():  # noqa: ASYNC110 - it happens in a thread, or in git
            await asyncio.sleep(0.005)


def named(rows: Iterable[object]) -> list[str]:
    return [getattr(row, "run", "") for row in rows]


@asynccontextmanager
async def sweeping(left: Leavings) -> AsyncIterator[None]:
    """Let the sweeper live meanwhile."""
    async with asyncio.TaskGroup() as group:
        life = group.create_task(left.sweeper.run())
        yield
        life.cancel()
