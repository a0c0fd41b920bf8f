"""Prod with two releases and a daemon, all in this process: the package's own code counts its starts and switches."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from pmrunnerd.model.promotion import Deed, Ending, Order, Step
from pmrunnerd.model.views import Canary, Flight
from pmrunnerd.promoting import promote
from pmrunnerd.rules.promotion.probation import Unit
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion import trials
from pmrunnerd.services.promotion.promoter import Means, Promoter
from pmrunnerd.services.promotion.records import Record, Records
from pmrunnerd.services.promotion.trials import Trial
from pmrunnerd.services.promotion.units import Look
from pmrunnerd.services.promotion.vetting import SOABI, Vetting
from pmrunnerd.services.promotion.watching import Watcher
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk
from tests.package.ontrial import FAILED, aftermath, switching, told, trial
from tests.unit.rules.proof import samples
from tests.unit.services.releases.made import Made

NEVER: Final = 1 << 30


class Killed(BaseException):
    """Nobody catches it: the process is gone."""


class Blows:
    """Counts what touches the world, and strikes at one of them."""

    def __init__(self, at: int = NEVER, blow: Callable[[], BaseException] = Killed) -> None:
        self.at, self.blow = at, blow
        self.lasts = False
        self.spares_the_world = False  # a disk that is full is no service manager that is gone
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.at or (self.lasts and self.count > self.at):
            raise self.blow()


class Struck(Disk):
    """A disk on which each change can be the last one."""

    def __init__(self, blows: Blows) -> None:
        self._blows = blows

    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        self._blows()
        return super().write_at(file, data, offset)

    def rename(self, old: Path, new: Path) -> None:
        self._blows()
        super().rename(old, new)
        self._blows()

    def sync(self, file: int) -> None:
        """Here nobody cuts the power, and a disk of tests is busy."""

    def sync_directory(self, path: Path) -> None:
        """As above."""

    def create_directory(self, path: Path, mode: int) -> None:
        self._blows()
        super().create_directory(path, mode)


class Hasty(Clock):
    """A clock on which nobody waits for long."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 3.0
        return self._now


class Prod:
    """A root, the daemon that it would have, and what is wrong with releases of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "opt/pm-runner/prod"
        said = {"soabi": SOABI, "bytes": len("heat = 180\n")}  # of what is built there
        self.old = Made(root, version="0.1.0", **said).name
        (self.home / "dist").unlink()
        made = Made(root, version="0.2.0", **said)
        self.new, self.record = made.name, made.record()
        (self.home / "dist").unlink()
        (self.home / "dist").symlink_to(f"releases/{self.old}")
        self.place = root / "var/lib/pm-runner/promote/prod"
        self.place.mkdir(parents=True)
        for path in (self.home, self.home / "releases", self.place):
            path.chmod(0o755)
        (self.place / "trial.lock").touch(0o600)
        self.runs, self.starts = self.old, 1
        self.unit = Unit.UP
        self.crashes: set[str] = set()
        self.unwell: set[str] = set()
        self.differs: tuple[str, ...] = ()
        self.when_rehearsed: Callable[[], object] = lambda: None
        self.when_started: Callable[[], object] = lambda: None

    def order(self, **changed: Any) -> Order:
        said: dict[str, Any] = {
            "id": "p1",
            "deed": Deed.PROMOTE,
            "environment": "prod",
            "release": self.new,
            "by": "anna",
            "asked": 1000,
            "commit": "c" * 40,
            "git_tree": "9" * 40,
            "record": self.record,
            "section": samples.EVIDENCE,
            "approved_by": "anna",
            "approved_at": 1000,
            "probation": 0.0,
        }
        return Order(**(said | changed))

    def promote(self, order: Order | None = None, blows: Blows | None = None) -> Ending:
        """Do what root's unit does. Raises Killed."""
        order, hit = order or self.order(), blows or Blows()
        records = Records(self.root, "prod", Struck(hit))

        async def carry(record: Record) -> Ending:
            return await Promoter(self.means(hit), record).run()

        return asyncio.run(promote(records, lambda: records.of(order), carry))

    def means(self, hit: Blows) -> Means:
        disk, shelf = Struck(hit), Shelf(self.root, "prod")
        world = World(self, Blows() if hit.spares_the_world else hit)

        async def rehearse(*_: object) -> tuple[str, ...]:
            self.when_rehearsed()
            return self.differs

        return Means(
            shelf=shelf,
            disk=disk,
            clock=Clock(),
            vetting=Vetting(shelf, Records(self.root, "prod", disk)),
            launcher=world,
            hands=world,
            watcher=Watcher(world, world, Hasty(), pause=0),
            rehearse=rehearse,
            sign=lambda _: None,
        )

    @property
    def dist(self) -> str:
        return (self.home / "dist").readlink().name

    @property
    def trial(self) -> Trial | None:
        return trials.read(self.root, "prod")

    def lines(self, name: str = "p1") -> Record:
        return Record(self.place / name, self.order(), Disk())

    def steps(self, name: str = "p1") -> tuple[Step, ...]:
        return self.lines(name).steps

    @contextlib.contextmanager
    def held(self) -> Iterator[Any]:
        with contextlib.redirect_stderr(io.StringIO()):
            found = trial.Trial("prod", str(self.root))
            try:
                yield found
            finally:
                trial.os.close(found.lock)

    def start(self) -> None:
        """Start what `dist` points to, as the unit does: again where that ends, and counted before each start."""
        for _ in range(5):
            with self.held() as found:
                trial.count(found)
            self.starts += 1
            self.runs, self.unit = self.dist, Unit.UP
            if self.runs not in self.crashes:
                self.when_started()
                return
            self.unit = Unit.FAILED
            with told(FAILED), self.held() as found:
                aftermath.ended(found)


class World:
    """What the promoter has outside of itself, of which each thing may be the last."""

    def __init__(self, prod: Prod, hit: Blows) -> None:
        self._prod, self._hit = prod, hit

    def _switch(self, deed: str, *words: str) -> str:
        self._hit()
        with self._prod.held() as found:
            status = switching.DEEDS[deed](*words, found)
        self._hit()
        return "" if status == 0 else f"the launcher ended with {status}"

    async def begin(self, name: str, candidate: str) -> str:
        return self._switch("trial", name, candidate)

    async def confirm(self, name: str) -> str:
        return self._switch("confirm", name)

    async def take_back(self, name: str, reason: str) -> str:
        return self._switch("return", name, reason)

    async def restart(self) -> str:
        self._hit()
        if self._prod.unit is Unit.UP and self._prod.runs == self._prod.dist:
            with told({"SERVICE_RESULT": "success"}), self._prod.held() as found:
                aftermath.ended(found)
        self._prod.start()
        self._hit()
        return ""

    async def look(self) -> Look:
        return Look(unit=self._prod.unit, invocation=str(self._prod.starts))

    async def troubles(self, release: str) -> tuple[str, ...]:
        runs = self._prod.runs
        if runs != release:
            return (f"release {runs} answers",)
        return ("it hangs",) if runs in self._prod.unwell else ()

    canary = Canary(flight=Flight.BACK)

    async def release(self) -> str:
        return self._prod.runs

    async def checked(self) -> tuple[str, ...]:
        return ()


def altered(prod: Prod) -> None:
    (prod.home / "releases" / prod.new / "lib/cake/bake.py").write_text("heat = 999\n")
