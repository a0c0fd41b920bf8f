"""Prod with two releases and a daemon, all in this process: the package's own code counts its starts and switches."""

import asyncio
import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
from tests.unit.services.promotion.blows import Blows, Struck
from tests.unit.services.releases.made import Made


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
        """Find what is there, as the next process does, or make it where nothing is."""
        self.root = root
        self.home = root / "opt/pm-runner/prod"
        self.place = root / "var/lib/pm-runner/promote/prod"
        self._daemon = root / "daemon"
        if not self.home.exists():
            self._build()
        self.old, self.new = Shelf(root, "prod").names()
        self.record = (root / "record").read_bytes()
        runs, starts, unit = self._daemon.read_text().split()
        self.runs, self.starts, self.unit = runs, int(starts), Unit(unit)
        self.crashes: set[str] = set()
        self.unwell: set[str] = set()
        self.differs: tuple[str, ...] = ()
        self.refusals = 0  # of the launcher, on the way back
        self.when_rehearsed: Callable[[], object] = lambda: None
        self.when_started: Callable[[], object] = lambda: None

    def _build(self) -> None:
        said = {"soabi": SOABI, "bytes": len("heat = 180\n")}  # of what is built there
        old = Made(self.root, version="0.1.0", **said).name
        (self.home / "dist").unlink()
        made = Made(self.root, version="0.2.0", **said)
        (self.root / "record").write_bytes(made.record())
        (self.home / "dist").unlink()
        (self.home / "dist").symlink_to(f"releases/{old}")
        self.place.mkdir(parents=True)
        for path in (self.home, self.home / "releases", self.place):
            path.chmod(0o755)
        (self.place / "trial.lock").touch(0o600)
        self._daemon.write_text(f"{old} 1 {Unit.UP}")

    def copy(self, to: Path) -> "Prod":
        """Return another one like it."""
        shutil.copytree(self.root, to, symlinks=True)
        return Prod(to)

    def remove(self) -> None:
        shutil.rmtree(self.root)

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

    def promote(
        self,
        order: Order | None = None,
        blows: Blows | None = None,
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> Ending:
        """Do what root's unit does. Raises Killed."""
        order, hit = order or self.order(), blows or Blows()
        disk = disk or Struck(hit)
        records = Records(self.root, "prod", disk)

        async def carry(record: Record) -> Ending:
            return await Promoter(self.means(hit, disk, clock or Clock()), record).run()

        return asyncio.run(
            promote(records, Shelf(self.root, "prod"), lambda: records.of(order), carry)
        )

    def means(self, hit: Blows, disk: Disk, clock: Clock) -> Means:
        shelf = Shelf(self.root, "prod")
        world = World(self, Blows() if hit.spares_the_world else hit)

        async def rehearse(*_: object) -> tuple[str, ...]:
            self.when_rehearsed()
            return self.differs

        return Means(
            shelf=shelf,
            disk=disk,
            clock=clock,
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
            # Whatever becomes of the count, the unit starts.
            with contextlib.suppress(OSError), self.held() as found:
                trial.count(found)
            self._is(self.dist, Unit.FAILED if self.dist in self.crashes else Unit.UP)
            if self.unit is Unit.UP:
                self.when_started()
                return
            with contextlib.suppress(OSError), told(FAILED), self.held() as found:
                aftermath.ended(found)

    def _is(self, runs: str, unit: Unit) -> None:
        self.runs, self.starts, self.unit = runs, self.starts + 1, unit
        self._daemon.write_text(f"{runs} {self.starts} {unit}")


class World:
    """What the promoter has outside of itself, of which each thing may be the last."""

    def __init__(self, prod: Prod, hit: Blows) -> None:
        self._prod, self._hit = prod, hit

    def _switch(self, deed: str, *words: str) -> str:
        self._hit()
        try:
            with self._prod.held() as found:
                status = switching.DEEDS[deed](*words, found)
        except OSError as exc:  # as the launcher says it
            return f"the launcher ended with {trial.CANNOT}: {exc}"
        self._hit()
        return "" if status == 0 else f"the launcher ended with {status}"

    async def begin(self, name: str, candidate: str) -> str:
        return self._switch("trial", name, candidate)

    async def confirm(self, name: str) -> str:
        return self._switch("confirm", name)

    async def take_back(self, name: str, reason: str) -> str:
        if self._prod.refusals:
            self._prod.refusals -= 1
            return f"the launcher ended with {trial.CANNOT}"
        return self._switch("return", name, reason)

    async def restart(self) -> str:
        self._hit()
        if self._prod.unit is Unit.UP and self._prod.runs == self._prod.dist:
            said = told({"SERVICE_RESULT": "success"})
            with contextlib.suppress(OSError), said, self._prod.held() as found:
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
