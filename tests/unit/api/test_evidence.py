import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api import respond as r
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden, NotFound
from tests.unit.api.desks import ANNA, READER, Bench, added, at_work


def test_who_reads_may_have_evidence_checked_and_who_operates_have_it_begun(tmp_path: Path) -> None:
    bench = Bench()

    async def scenario() -> None:
        async with at_work(tmp_path, bench) as desk:
            await desk.store.commit(added())
            with pytest.raises(Forbidden):
                await r.respond(desk, READER, p.EvidenceWrite(project="demo"), "")
            await r.respond(desk, READER, p.EvidenceCheck(project="demo"), "")
            await r.respond(desk, ANNA, p.EvidenceWrite(project="w1", printed=True), "")

    asyncio.run(scenario())
    assert bench.evidence.asked == [
        ("w1", p.EvidenceCheck(project="demo")),
        ("w1", p.EvidenceWrite(project="w1", printed=True)),
    ]


def test_of_a_project_that_is_not_there_nothing_is_looked_at(tmp_path: Path) -> None:
    bench = Bench()

    async def scenario() -> None:
        async with at_work(tmp_path, bench) as desk:
            for request in (p.EvidenceCheck(project="gone"), p.EvidenceWrite(project="gone")):
                with pytest.raises(NotFound):
                    await r.respond(desk, ANNA, request, "")

    asyncio.run(scenario())
    assert bench.evidence.asked == []
