import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api import feed
from pmrunnerd.api import respond as r
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.reads import run_show
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Forbidden, NotFound
from pmrunnerd.model.upkeep import PruneRow, PruneTable
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, READER, Bench, at_work

ROW = PruneRow(run="r1-aaaa", alias="demo", size=9, age=1.5, reason="it is old")
TABLE = PruneTable(runs=(ROW,), freed=9, kept=1, limit=10)
GONE = ev.RunPruned(
    run="r1-aaaa", project="w1", size=9, reason="it is old", refs=("refs/x",), by="anna"
)


async def with_a_run(desk: Desk, *, pruned: bool) -> None:
    await desk.store.commit(desks.added(), desks.posted())
    await desk.store.commit(desks.drafted("one"), desks.APPROVED)
    await desk.store.commit(
        desks.started(),
        ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.SUCCEEDED, cursor=1),
        ev.TaskCompleted(task="t1", project="w1"),
    )
    if pruned:
        await desk.store.commit(GONE)


def test_who_reads_may_see_what_would_go_and_only_who_operates_may_have_it_go(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.retention.table = TABLE
        async with at_work(tmp_path, bench) as desk:
            assert await r.respond(desk, READER, p.RunPrunable(), "") == TABLE
            with pytest.raises(Forbidden):
                await r.respond(desk, READER, p.RunPrune(), "")
            assert bench.retention.pruned == []
            assert await r.respond(desk, ANNA, p.RunPrune(), "") == TABLE
            assert bench.retention.pruned == ["anna"]

    asyncio.run(scenario())


def test_a_run_tells_when_why_and_by_whom_its_files_were_let_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await with_a_run(desk, pruned=True)
            assert run_show(desk, p.RunShow(run="r1-aaaa")).pruned == v.Pruned(
                at=desks.AT, reason="it is old", size=9, refs=("refs/x",), by="anna"
            )

    asyncio.run(scenario())


def test_the_log_of_such_a_run_is_not_found_in_words_with_a_hint(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await with_a_run(desk, pruned=True)
            with pytest.raises(NotFound) as refused:
                feed.run_logs(desk, p.RunLogs(run="r1-aaaa", follow=True))
            assert str(refused.value) == (
                "cannot show the log of run r1-aaaa: its files were let go by anna at"
                f" {desks.AT}: it is old"
            )
            assert refused.value.hint == "pmrunnerctl run show r1-aaaa"

    asyncio.run(scenario())


def test_a_run_whose_files_are_there_says_nothing_of_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await with_a_run(desk, pruned=False)
            assert run_show(desk, p.RunShow(run="r1-aaaa")).pruned is None
            assert [one async for one in feed.run_logs(desk, p.RunLogs(run="r1-aaaa"))] == []

    asyncio.run(scenario())
