import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.respond import respond
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden, NotFound, Refused
from pmrunnerd.model.gates import GatingState, Verdict
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, at_work
from tests.unit.api.test_reads import ask
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import ended


def with_gates(tmp_path: Path, look: Callable[[Desk], None]) -> None:
    """Look at a gate run that has ended, one that runs, and one of another project that waits."""
    second = replace(tries.REQUESTED, gate_run="g2", names=("lint",), commit="main~1")
    only = replace(tries.RECORD, id="g2", wanted=("lint",), commit="e" * 40)

    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.added("other", "w2"))
            await desk.store.commit(tries.REQUESTED, tries.STARTED, ended("lint"))
            await desk.store.commit(ended("unit", Verdict.FAILED), ended("lab", Verdict.SKIPPED))
            await desk.store.commit(tries.OVER, second)
            await desk.store.commit(replace(tries.STARTED, gate_run="g2", record=only))
            await desk.store.commit(replace(tries.begun("lint"), gate_run="g2"))
            await desk.store.commit(replace(tries.REQUESTED, gate_run="g3", project="w2"))
            look(desk)

    asyncio.run(scenario())


def test_gate_runs_are_listed_latest_first_by_project_and_page(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        def named(request: p.GateList) -> list[str]:
            return [row.id for row in ask(desk, request).runs]

        assert named(p.GateList()) == ["g3", "g2", "g1"]
        assert named(p.GateList(project="demo")) == ["g2", "g1"]
        assert ask(desk, p.GateList(limit=2)).before == "g2"
        assert named(p.GateList(limit=2, before="g2")) == ["g1"]
        assert ask(desk, p.GateList(before="g2")).before is None

    with_gates(tmp_path, look)


def test_a_row_counts_what_gates_came_to(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        desk.building = {"g3"}
        third, second, first = ask(desk, p.GateList()).runs

        assert [one.building for one in (third, second, first)] == [True, False, False]
        assert (first.state, first.passed, first.whole) == (GatingState.ENDED, False, True)
        assert first.verdicts == {"passed": 1, "failed": 1, "skipped": 1}
        assert (first.gates, first.commit) == (3, "c" * 40)
        assert (second.state, second.gates, second.whole) == (GatingState.RUNNING, 1, False)
        assert (third.state, third.alias, third.gates) == (GatingState.QUEUED, "other", 0)
        assert (third.commit, third.whole) == ("", True)

    with_gates(tmp_path, look)


def test_gates_are_refused_where_nothing_tries_them_and_attested_by_admins_alone(
    tmp_path: Path,
) -> None:
    said = p.GateAttest(run="g1", gate="lab", passed=True, note="bench 4", tests=3)
    admin = Caller(name="root", uid=0, access=p.Access.ADMIN)

    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), tries.REQUESTED, tries.STARTED)
            await desk.store.commit(ended("lab", Verdict.SKIPPED))
            with pytest.raises(Refused, match="nothing in this release tries them yet"):
                await respond(desk, ANNA, p.GateRun(project="demo"), "a")
            with pytest.raises(Forbidden):
                await respond(desk, ANNA, said, "b")
            assert await respond(desk, admin, said, "c") == p.Done(id="g1")
            can = dataclasses.replace(desk, gateless=str)
            assert await respond(can, ANNA, p.GateRun(project="demo"), "d") == p.Done(id="g2")

    asyncio.run(scenario())


def test_one_that_has_not_passed_is_in_the_inbox_of_its_project_until_it_was_seen(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path, gateless=str) as desk:
            await desk.store.commit(desks.added(), tries.REQUESTED, tries.REFUSED)
            (item,) = ask(desk, p.Inbox(project="demo")).items
            assert (item.kind, item.id, item.alias) == ("gates", "g1", "demo")
            assert item.command == "pmrunnerctl gate show g1"
            assert "no such commit" in item.text
            assert ask(desk, p.Status()).waiting == 1
            assert await respond(desk, ANNA, p.GateSeen(run="g1"), "a") == p.Done(id="g1")
            assert ask(desk, p.Inbox()).items == ()
            prepared = await respond(desk, ANNA, p.GatePrepare(project="demo"), "b")
            assert ask(desk, p.GateShow(run=prepared.id)).row.preparing  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_one_gate_run_is_shown_with_its_record(tmp_path: Path) -> None:
    def look(desk: Desk) -> None:
        found = ask(desk, p.GateShow(run="g1"))
        assert found.run.record is not None
        assert [one.gate for one in found.run.record.results] == ["lint", "unit", "lab"]
        assert found.row.id == "g1"
        assert ask(desk, p.GateShow(run="g2")).run.under_way == ("lint",)
        with pytest.raises(NotFound, match="cannot find gate run g9"):
            ask(desk, p.GateShow(run="g9"))

    with_gates(tmp_path, look)
