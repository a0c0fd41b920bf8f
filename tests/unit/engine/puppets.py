"""An engine with a real store and real run directories, whose run hosts the test plays itself."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pmrunnerd.engine.pulse import Growth
from pmrunnerd.engine.runs import Runs
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Began, Finished
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.host import GRACE
from pmrunnerd.services.rundir import EventWriter, RunDirectory
from pmrunnerd.services.watch import RunWatch
from pmrunnerd.store.store import Store
from tests.unit.store.parts import AT, running

BEGAN = Began(at=AT, head="4f2a91c", confined=True, pid=1)


def finished(outcome: Outcome = Outcome.SUCCEEDED, reason: str = "") -> Finished:
    return Finished(at=AT, outcome=outcome, reason=reason)


class Puppets:
    """A host whose run hosts live and die as the test says."""

    name = "puppets"
    shared = False

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.living: set[str] = set()
        self.started: list[str] = []
        self.moved = asyncio.Event()
        self.stopped: list[str] = []
        self.swept: list[str] = []
        self.sticky = 0
        self.stubborn = 0  # how often a living one does not die
        self.broken, self.error = "", errno.EIO
        self.bug = False
        self.blind = False  # a bug that following brings out
        self.unseen = 0  # how often nobody can tell who is alive

    async def start(self, run: str) -> None:
        if self.bug:
            raise KeyError("a bug")
        if self.broken:
            raise OSError(self.error, self.broken)
        self.started.append(run)
        self.living.add(run)
        self.moved.set()

    def explains(self, run: str) -> str:
        return ""

    def alive(self, run: str) -> bool:
        if self.blind:
            self.blind = False
            raise KeyError("a bug")
        if self.unseen:
            self.unseen -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return run in self.living

    async def stop(self, run: str, grace: float = GRACE) -> None:
        if run not in self.living:
            self.swept.append(run)
            if self.sticky:
                self.sticky -= 1
                raise TimeoutError("processes of it do not die")
            return
        if self.stubborn:
            self.stubborn -= 1
            raise TimeoutError("processes of it do not die")
        self.stopped.append(run)
        self.say(run, finished(Outcome.INTERRUPTED, "stopped"))
        self.living.discard(run)

    def say(self, run: str, *progress: AnyProgress) -> None:
        writer = EventWriter(RunDirectory(self.directory / run))
        for one in progress:
            writer.write(one)
        writer.close()


class Hands(Clock):
    """The clock of this machine, but that a test may put its hands on `ahead` seconds."""

    ahead = 0.0

    def now(self) -> str:
        later = datetime.fromisoformat(super().now()) + timedelta(seconds=self.ahead)
        return f"{later:%Y-%m-%dT%H:%M:%S}.{later.microsecond // 1000:03}Z"


class Stage:
    """Store, puppets and the runs between them."""

    def __init__(
        self, store: Store, directory: Path, settings: Settings, host: Puppets | None = None
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.store = store
        self.host = host or Puppets(directory)
        self.clock = Hands()
        growth = Growth()
        self.watch = RunWatch(directory, growth.grew)
        self.runs = Runs(
            *(store, self.clock, self.host, self.watch, growth, directory, settings, "test"),
            make_safe=self._make_safe,
        )
        self.made_safe: list[tuple[Path, str]] = []
        self.workspace_trouble: Exception | None = None

    async def _make_safe(self, workspace: Path, run: str, _: float) -> str:
        assert run in self.state.active, "its end is told when all of it is over"
        self.made_safe.append((workspace, run))
        if self.workspace_trouble is not None:
            raise self.workspace_trouble
        return ".git/pm-runner-kept/x"

    @property
    def state(self) -> State:
        return self.store.state

    async def until(self, reached: Callable[[], object]) -> None:
        """Wait until something is durable; fail after a while."""
        async with asyncio.timeout(180):
            while not reached():
                await self.store.changed(self.store.durable)

    async def started(self) -> str:
        """Return the run that was started, once its host was."""
        await self.until(lambda: self.state.active)
        async with asyncio.timeout(180):
            await self.host.moved.wait()
        return self.host.started[-1]


@asynccontextmanager
async def a_stage(tmp_path: Path, settings: Settings | None = None) -> AsyncIterator[Stage]:
    """Set the stage with project `demo` and its queued task t1."""
    async with running(tmp_path / "state") as store:
        stage = Stage(store, tmp_path / "runs", settings or Settings())
        planned = ev.PlannedTask(task="t1", name="one", title="one", text="true")
        await store.commit(
            ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo"),
            ev.MessagePosted(message="m1", project="w1", text="true", by="anna"),
            ev.PlanDrafted(plan="p1", project="w1", message="m1", title="x", tasks=(planned,)),
            ev.PlanApproved(plan="p1", project="w1"),
        )
        try:
            yield stage
        finally:
            stage.watch.close()


def play(
    tmp_path: Path, scene: Callable[[Stage], Awaitable[None]], settings: Settings | None = None
) -> None:
    """Run a scene on a fresh stage."""

    async def whole() -> None:
        async with a_stage(tmp_path, settings) as stage:
            await scene(stage)

    asyncio.run(whole())
