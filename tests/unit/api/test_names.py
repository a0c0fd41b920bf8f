import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api import respond as r
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.names import in_full
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import NotFound, Refused
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, at_work
from tests.unit.store.lives import beginning, failed_plan
from tests.unit.store.parts import opened


async def with_a_run(desk: Desk) -> None:
    await desk.store.commit(desks.added())
    await desk.store.commit(desks.posted())
    await desk.store.commit(desks.drafted("one"), desks.APPROVED)
    await desk.store.commit(desks.started())


def test_the_number_of_a_run_is_enough_wherever_one_is_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await with_a_run(desk)
            shown = r.look(desk, ANNA, p.RunShow(run="r1"))
            assert isinstance(shown, v.RunView)
            assert shown.run.id == "r1-aaaa"
            lines = [some async for some in r.stream(desk, ANNA, p.RunLogs(run="r1"))]
            assert lines == []
            with pytest.raises(Refused, match="cannot resume run r1-aaaa: it is running"):
                await r.respond(desk, ANNA, p.RunResume(run="r1"), "a")
            done = await r.respond(desk, ANNA, p.RunCancel(run="r1"), "b")
            assert done == p.Done(id="r1-aaaa")
            assert desk.store.state.tasks["t1"].cancelling

    asyncio.run(scenario())


def test_a_run_that_was_put_away_is_found_by_its_number(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(*beginning())
        store.flush()
        failed_plan(store)
    with opened(tmp_path) as store:
        assert not list(store.state.runs)
        assert in_full(store, p.RunShow(run="r1")) == p.RunShow(run="r1-4f2a")


@pytest.mark.parametrize(
    "name",
    [
        "r1-0000",
        "r1-",
        "r01",
        "r0",
        "R1",
        "1",
        "r2",
        "r+1",
        "r1 ",
        "r١",
        "r",
        f"r{10**15}",
        "r" + "9" * 200,
    ],
)
def test_a_name_that_is_not_quite_a_runs_is_not_found(tmp_path: Path, name: str) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await with_a_run(desk)
            for ask in (p.RunShow(run=name), p.RunCancel(run=name)):
                with pytest.raises(NotFound, match="cannot find run") as missing:
                    await r.respond(desk, ANNA, ask, "a")
                assert str(missing.value) == f"cannot find run {name}"

    asyncio.run(scenario())


def test_what_names_no_run_stays_as_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            request = p.TaskShow(task="t1")
            assert in_full(desk.store, request) is request

    asyncio.run(scenario())
