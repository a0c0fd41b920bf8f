"""A store whose promotion is carried, on a root that a test has; who plays root is a real program."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from pmrunnerd.engine.promotions import Promotions
from pmrunnerd.model import events as ev
from pmrunnerd.model.promotion import RECORDS, Deed
from pmrunnerd.model.promotions import Promotion
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion.asking import Detached, Orders
from pmrunnerd.services.promotion.following import Following
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.unit.rules.gates import tries

PLAYER = Path(__file__).parents[2] / "fakes/promoter.py"
NAME = "x1-4f2a"
ASKED = ev.PromotionRequested(
    promotion=NAME,
    project="w1",
    deed=Deed.PROMOTE,
    environment="prod",
    release="1.1-" + "b" * 12,
    commit="c" * 40,
    gate_run="g1",
    seal="e" * 64,
    section="## all of it\n",
    by="anna",
    asked=1700,
)
BEFORE = (
    ev.ProjectAdded(project="w1", alias="runner", path="/opt/dev"),
    tries.REQUESTED,
    tries.STARTED,
)
WELL = "begun\nsigned\nrehearsed\nopened\nswitched\nrestarted\nhealthy\nconfirmed\n"


class Moving:
    """One daemon's life; `root` outlives it."""

    def __init__(self, store: Store, promotions: Promotions) -> None:
        self.store = store
        self.promotions = promotions

    @property
    def promotion(self) -> Promotion:
        return self.store.state.promotion(NAME)

    async def until(self, reached: Callable[[Promotion], object]) -> Promotion:
        async with asyncio.timeout(60):
            seen = 0
            while NAME not in self.store.state.promotions or not reached(self.promotion):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        seen = await self.store.changed(seen)
        return self.promotion

    async def over(self) -> Promotion:
        return await self.until(lambda one: one.state.has_ended)

    def facts(self) -> list[ev.AnyEvent]:
        """What was recorded of it."""
        every = self.store.read(0, 1000)
        return [fact for batch in every for fact in batch.facts if getattr(fact, "promotion", "")]


@contextlib.asynccontextmanager
async def daemon(
    tmp_path: Path, disk: Disk | None = None, launch: Path = PLAYER
) -> AsyncIterator[Moving]:
    clock, root = Clock(), tmp_path / "root"
    root.mkdir(exist_ok=True)
    (root / RECORDS / "prod").mkdir(parents=True, exist_ok=True)
    store = Store(tmp_path / "state", clock.now, release="0.1.0")
    promotions = Promotions(
        *(store, clock, Orders(root, disk), Detached(lambda: launch, root), Following(root)),
        grace=1.0,
        tick=0.01,
        pause=0.01,
    )
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(store.run())
            carrying = group.create_task(promotions.run())
            yield Moving(store, promotions)
            carrying.cancel()
            running.cancel()
    finally:
        store.close()


def play(tmp_path: Path, text: str) -> None:
    (tmp_path / "root").mkdir(exist_ok=True)
    (tmp_path / "root/play").write_text(text)
