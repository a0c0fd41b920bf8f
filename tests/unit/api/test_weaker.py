import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.respond import respond
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Forbidden, NotFound, Refused
from pmrunnerd.model.gates import GateRun, GateSet
from pmrunnerd.model.views import WeakerView
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, at_work
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import ended

ADMIN = Caller(name="root", uid=0, access=p.Access.ADMIN)
LESS = replace(tries.RECORD, id="g2", gates=GateSet(gates=(tries.LINT,), source="pyproject.toml"))
GOOD = (tries.REQUESTED, tries.STARTED, ended("lint"), ended("unit"), ended("lab"), tries.OVER)
SECOND = (
    replace(tries.REQUESTED, gate_run="g2"),
    replace(tries.STARTED, gate_run="g2", record=replace(LESS, wanted=("lint",))),
    replace(ended("lint"), gate_run="g2"),
    replace(tries.OVER, gate_run="g2"),
)


class Running:
    """What the release that runs has passed: all that the first gate run had, and one more."""

    async def gated(self, project: Project) -> tuple[str, GateRun] | None:
        assert project.id == "w1"
        more = replace(tries.LINT, name="more")
        whole = replace(tries.SET, gates=(*tries.SET.gates, more))
        return "release 0.1.0-abc", replace(tries.RECORD, gates=whole)


async def seen(desk: Desk, run: str = "g2") -> WeakerView:
    found = await respond(desk, ANNA, p.GateWeaker(run=run), "")
    assert isinstance(found, WeakerView)
    return found


def test_what_is_less_than_the_last_that_was_good_is_accepted_by_an_admin_and_its_digest(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), *GOOD, *SECOND)
            found = await seen(desk)
            assert (found.before, found.alias, found.accepted) == ("gate run g1", "demo", "")
            assert {one.gate for one in found.differences.found} == {"unit", "lab"}
            said = p.GateAccept(run="g2", digest=found.differences.digest)
            with pytest.raises(Forbidden):
                await respond(desk, ANNA, said, "")
            with pytest.raises(Refused, match=r"they are .* by now") as refused:
                await respond(desk, ADMIN, replace(said, digest="4f2a"), "")
            assert refused.value.hint == "pmrunnerctl gate weaker g2"
            assert (await seen(desk)).accepted == ""
            for _ in range(2):
                assert await respond(desk, ADMIN, said, "") == p.Done(id="g2")
            assert (await seen(desk)).accepted == "root"

    asyncio.run(scenario())


def test_what_replaces_the_runner_is_compared_with_the_release_that_runs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path, running=Running()) as desk:
            await desk.store.commit(desks.added(), *GOOD)
            found = await seen(desk, "g1")
            assert found.before == "release 0.1.0-abc"
            assert [one.words for one in found.differences.found] == ["gate more is gone"]

    asyncio.run(scenario())


def test_the_first_has_nothing_before_it_and_one_that_is_not_over_is_not_compared(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), *GOOD, *SECOND[:2])
            first = await seen(desk, "g1")
            assert (first.before, first.differences.found) == ("", ())
            with pytest.raises(Refused, match="they were not all tried"):
                await seen(desk)
            with pytest.raises(NotFound):
                await seen(desk, "g9")

    asyncio.run(scenario())
