import asyncio
import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.gates import Gate, GateResult, GateRun, GateSet, Verdict, Where
from pmrunnerd.services.gates import Kind
from pmrunnerd.services.gates.detached import walls
from pmrunnerd.services.gates.tries import Tries, name
from tests.unit.services.gates.parts import Here, awaited, until


def a_run(here: Here, *gates: Gate) -> GateRun:
    return GateRun(
        id="g1",
        project="w1",
        commit="c" * 40,
        source=here.tree(hello="hello\n"),
        definitions="",
        gates=GateSet(gates=gates, source="pyproject.toml"),
        wanted=tuple(gate.name for gate in gates),
        started=1.5,
    )


async def tried(here: Here, record: GateRun, gate: Gate, cancel: bool = False) -> GateResult:
    tries = Tries(here.place, here.trier, walls)
    return await tries.follow(record, gate, inputs="i", now=time.time, cancelled=lambda: cancel)


@awaited
async def test_what_came_of_a_gate_is_told_with_what_it_took(tmp_path: Path) -> None:
    here = Here(tmp_path)
    gate = Gate(
        name="one",
        command="echo said; echo '<testsuite><testcase/><testcase/></testsuite>' > j.xml",
        tests="j.xml",
    )
    found = await tried(here, a_run(here, gate), gate)
    assert found.verdict is Verdict.PASSED, found.why
    assert (found.status, found.inputs, found.log_bytes) == (0, "i", 5)
    assert found.tests is not None
    assert found.tests.ran == 2
    assert found.seconds > 0
    assert (found.cpu_seconds or 0) > 0
    assert (found.peak_memory or 0) > 0


@awaited
async def test_one_that_was_followed_before_is_not_tried_again(tmp_path: Path) -> None:
    here = Here(tmp_path)
    gate = Gate(name="one", command="exit 7")
    first = await tried(here, a_run(here, gate), gate)
    assert first.verdict is Verdict.FAILED
    again = await tried(here, a_run(here, gate), replace(gate, command="true"))
    assert (again.verdict, again.status) == (Verdict.FAILED, 7)


@awaited
async def test_one_that_goes_on_is_followed_by_whoever_comes_later(tmp_path: Path) -> None:
    here = Here(tmp_path)
    gate = Gate(name="one", command="until [ -e $HOME/go ]; do sleep 0.01; done; exit 5")
    record = a_run(here, gate)
    one = name(record, "one")
    leaving = asyncio.ensure_future(tried(here, record, gate))  # a daemon that is killed
    home = here.place.path(one) / "work/home"
    await until(home.is_dir)
    leaving.cancel()
    later = Here(tmp_path)
    following = asyncio.ensure_future(tried(later, record, gate))
    (home / "go").touch()
    assert (await following).status == 5


@awaited
async def test_one_that_is_cancelled_is_killed_and_never_begins_where_it_had_not(
    tmp_path: Path,
) -> None:
    here = Here(tmp_path)
    gate = Gate(name="one", command="echo up; sleep 4713")
    record = a_run(here, gate)
    assert (await tried(here, record, gate, cancel=True)).verdict is Verdict.CANCELLED
    assert not here.place.has_begun(name(record, "one"))


@awaited
async def test_what_cannot_be_started_has_failed_with_the_reason(tmp_path: Path) -> None:
    here = Here(tmp_path)
    gate = Gate(name="one", command="true")
    gone = replace(a_run(here, gate), source="a" * 64)
    found = await tried(here, gone, gate)
    assert found.verdict is Verdict.CANNOT_START
    assert "source tree is not what its digest says" in found.why


def test_a_name_is_the_same_for_ever_and_another_for_each_gate_run(tmp_path: Path) -> None:
    here = Here(tmp_path)
    record = a_run(here)
    assert name(record, "one") == name(replace(record, ended=3.0), "one")
    assert name(record, "one") != name(replace(record, started=1.25), "one")


@awaited
async def test_one_that_wants_a_host_is_not_tried_without_a_systemd_and_says_what_to_do_instead(
    tmp_path: Path,
) -> None:
    here = Here(tmp_path)
    gate = Gate(name="one", command="true", runs=Where.HOST)
    record = a_run(here, gate)
    found = await tried(here, record, gate)
    assert found.verdict is Verdict.CANNOT_START
    assert "needs a systemd" in found.why
    assert "pmrunnerctl gate attest" in found.why
    assert not here.place.path(name(record, "one")).exists()


class Booting:
    """Who tries gates where there is a systemd: it says what it was asked for, and denies it."""

    name = "systemd"
    hosts = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, Kind]] = []

    async def start(self, name: str, kind: Kind) -> None:
        self.asked.append((name, kind))
        raise Unavailable("cannot start it: access denied")

    async def alive(self, name: str, kind: Kind) -> bool:
        return False

    async def stop(self, name: str, kind: Kind) -> None:
        raise AssertionError("nothing of it was started")


class Deaf:
    """Who tries gates, and cannot be asked for a while how these are."""

    name, hosts = "systemd", True

    def __init__(self, here: Here) -> None:
        self._trier = here.trier
        self.started = False
        self.hears = False

    async def start(self, name: str, kind: Kind) -> None:
        self.started = True
        await self._trier.start(name, kind)
        raise TimeoutError("cannot start it: the service manager does not answer")

    async def alive(self, name: str, kind: Kind) -> bool:
        if self.started and not self.hears:
            raise Unavailable("cannot look at it: connection timed out")
        return await self._trier.alive(name, kind)

    async def stop(self, name: str, kind: Kind) -> None:
        await self._trier.stop(name, kind)


@awaited
async def test_one_that_nobody_can_be_asked_of_has_not_failed_and_is_found_again(
    tmp_path: Path,
) -> None:
    here = Here(tmp_path)
    deaf = Deaf(here)
    gate = Gate(name="one", command="until [ -e $HOME/go ]; do sleep 0.01; done")
    record = a_run(here, gate)
    tries = Tries(here.place, deaf, walls)

    async def follow() -> GateResult:
        return await tries.follow(record, gate, inputs="", now=time.time, cancelled=lambda: False)

    with pytest.raises(Unavailable):
        await follow()
    deaf.hears = True
    following = asyncio.ensure_future(follow())
    home = here.place.path(name(record, "one")) / "work/home"
    await until(home.is_dir)
    (home / "go").touch()
    assert (await following).verdict is Verdict.PASSED


@awaited
async def test_with_a_systemd_it_is_asked_for_a_unit_with_a_host_and_its_order_says_so(
    tmp_path: Path,
) -> None:
    here, booting = Here(tmp_path), Booting()
    gate = Gate(name="one", command="true", runs=Where.HOST)
    record = a_run(here, gate)
    tries = Tries(here.place, booting)
    found = await tries.follow(record, gate, inputs="", now=time.time, cancelled=lambda: False)
    one = name(record, "one")
    assert booting.asked == [(one, Kind.HOST)]
    assert found.verdict is Verdict.CANNOT_START
    order = json.loads((here.place.path(one) / "spec.json").read_text())
    assert (order["host"], order["network"]) == (True, False)
