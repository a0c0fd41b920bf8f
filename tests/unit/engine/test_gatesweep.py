import errno
from collections.abc import Callable
from pathlib import Path

from pmrunnerd.engine.gatesweep import GateSweep
from pmrunnerd.engine.sweep import Sweeper
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.upkeep import GatesLeft
from pmrunnerd.rules.gates.keeping import Left
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.gates.leavings import Leavings as Gone
from pmrunnerd.services.gates.tries import name
from tests.unit.engine.gatings import Carrying, carried, verdicts
from tests.unit.engine.leavings import LIMITS, Leavings, with_leavings
from tests.unit.engine.test_gateruns import GATES
from tests.unit.services.gates.parts import Here
from tests.unit.services.parts import needs_sandbox

SLOW = GATES.replace("echo fine", "until [ -e $HOME/go ]; do sleep 0.01; done")
COMMITS = {"main": GATES, "slow": SLOW}


def never() -> bool:
    return False


class Stubborn(Gone):
    """Leavings that cannot be set aside."""

    def set_aside(self, one: Left) -> None:
        raise OSError(errno.EROFS, "Read-only file system", one.name)


def test_what_nobody_needs_goes_and_a_gate_run_under_way_notices_nothing(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        place = carrying.here.place
        sweep = GateSweep(carrying.store, Clock(), Gone(place), lambda: 1)
        for _ in range(2):
            await carrying.over(await carrying.ask())
        run = await carrying.ask(commit="slow")
        home = await carrying.home("g*-lint")
        would = await sweep.look(never)
        assert would.freed > 0
        assert len(list(place.directory.glob("trees/*"))) == 2
        found = await sweep.prune(never)
        assert found.parts == would.parts
        assert sorted(one.part for one in found.parts) == ["log", "log", "tree"]
        assert {path.name[:2] for path in place.directory.glob("g*")} == {"g2", "g3"}
        assert not list(place.records.glob("g1-*"))
        (home / "go").touch()
        ended = await carrying.over(run)
        assert verdicts(ended) == {"lint": Verdict.PASSED, "unit": Verdict.PASSED}
        assert ended.record is not None
        assert place.record(name(ended.record, "lint")) is not None
        found = await sweep.prune(never)
        assert [one.part for one in found.parts] == ["log", "log", "tree"]
        assert list(place.directory.glob("trees/*")) == []
        assert (await sweep.prune(never)).parts == (), "done twice is done once"
        assert verdicts(await carrying.over(await carrying.ask()))["lint"] is Verdict.PASSED

    carried(tmp_path, COMMITS, scene)


def test_what_does_not_go_is_told_and_counted_as_staying(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        await carrying.over(await carrying.ask("lint"))
        sweep = GateSweep(carrying.store, Clock(), Stubborn(carrying.here.place), lambda: 1)
        found = await sweep.prune(never)
        (why,) = found.left
        assert why.startswith("tree ")
        assert why.endswith(": Read-only file system")
        assert (found.parts, found.freed) == ((), 0)
        assert found.kept > 0

    carried(tmp_path, COMMITS, scene)


def test_whoever_is_stopped_leaves_the_rest_for_another_life(tmp_path: Path) -> None:
    async def scene(carrying: Carrying) -> None:
        await carrying.over(await carrying.ask("lint"))
        sweep = GateSweep(carrying.store, Clock(), Gone(carrying.here.place), lambda: 1)
        assert (await sweep.prune(lambda: True)).parts == ()
        assert len(list(carrying.here.place.directory.glob("trees/*"))) == 1

    carried(tmp_path, COMMITS, scene)


@needs_sandbox
def test_the_sweep_of_runs_has_it_done_before_its_own_and_counts_it(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        place = Here(tmp_path).place
        tree = place.tree("a" * 64)
        tree.mkdir()
        (tree / "it").write_text("x" * 9000)
        left.sweeper = Sweeper(
            *(left.store, left.clock, left.remains, LIMITS),
            alive=left.alive,
            over=left.over,
            gates=GateSweep(left.store, left.clock, Gone(place), lambda: 1),
        )
        assert [one.part for one in (await left.sweeper.look()).gates.parts] == ["tree"]
        assert tree.is_dir(), "a look changes nothing"
        assert (await left.sweeper.prune("")).gates.freed > 9000
        assert not tree.exists()
        assert left.sweeper.last is not None
        assert left.sweeper.last.gates == 0

    with_leavings(tmp_path, scene)


class Unreadable(GateSweep):
    """What it is to look at lies on a disk that is failing."""

    async def prune(self, enough: Callable[[], bool]) -> GatesLeft:
        del enough
        raise OSError(errno.EIO, "Input/output error")


@needs_sandbox
def test_what_cannot_be_read_of_gates_is_told_and_runs_are_looked_after(tmp_path: Path) -> None:
    async def scene(left: Leavings) -> None:
        left.sweeper = Sweeper(
            *(left.store, left.clock, left.remains, LIMITS),
            alive=left.alive,
            over=left.over,
            gates=Unreadable(left.store, left.clock, Gone(Here(tmp_path).place), lambda: 1),
        )
        found = await left.sweeper.prune("")
        assert found.gates.left == ("[Errno 5] Input/output error",)
        assert found.runs == ()

    with_leavings(tmp_path, scene)
