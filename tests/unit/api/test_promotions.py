import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.respond import respond
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errand import Audited
from pmrunnerd.model.errors import BadRequest, Conflict, Forbidden, PmError, Refused
from pmrunnerd.model.gates import GateRun, Verdict
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.promotions import Promotion, PromotionState
from pmrunnerd.rules.promotion.looked import Looked, Shelved
from tests.unit.api.desks import ANNA, READER, at_work
from tests.unit.rules.gates import tries
from tests.unit.rules.promotion.premises import GOOD, LOOKED, NEW, OLD, RECORD, SEAL, SHELVED

ADMIN = Caller(name="root", uid=0, access=p.Access.ADMIN)
PASSED: tuple[ev.AnyEvent, ...] = (
    ev.ProjectAdded(
        project="w1", alias="runner", path="/opt/dev", project_type=ProjectType.RUNNER_DEV
    ),
    tries.REQUESTED,
    replace(tries.STARTED, record=replace(RECORD, results=(), ended=None)),
    *(replace(tries.ended(one.gate), result=one) for one in GOOD),
    tries.OVER,
)


class Premises:
    """What a test says is found; it remembers what was gone on with."""

    def __init__(self) -> None:
        self.looked = LOOKED
        self.shelf = SHELVED
        self.stuck: dict[str, str] = {}
        self.gone_on: list[str] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def look(self, project: Project, named: str) -> Looked:
        return replace(self.looked, project=project, named=named)

    async def shelved(self, environment: str) -> Shelved:
        running = NEW.id if environment == "prod" else OLD.id
        return replace(self.shelf, environment=environment, running=running)

    async def changes(self, project: Project, commit: str) -> v.ChangesView:
        return v.ChangesView(base=f"{project.alias} {commit[:1]}")

    async def go_on(self, promotion: Promotion) -> None:
        if promotion.release == "none":
            raise TimeoutError("the manager does not answer")
        self.gone_on.append(promotion.id)

    async def gated(self, project: Project) -> tuple[str, GateRun] | None:
        del project
        if self.meanwhile is not None:
            await self.meanwhile()
        return "release 1.0", RECORD


Scene = Callable[[Desk, Premises], Awaitable[None]]


def played(tmp_path: Path, scene: Scene, *facts: ev.AnyEvent) -> None:
    async def whole() -> None:
        found = Premises()
        about: dict[str, Any] = dict.fromkeys(("premises", "promoting", "running"), found)
        about |= {"environment": "prod", "installed": True, "token": lambda: "4f2a"}
        async with at_work(tmp_path, **about) as desk:
            await desk.store.commit(*PASSED, *facts)
            await scene(desk, found)

    asyncio.run(whole())


def test_all_that_has_to_hold_is_shown_to_who_may_read_and_nothing_is_changed(
    tmp_path: Path,
) -> None:
    async def scene(desk: Desk, __: Premises) -> None:
        before = desk.store.durable
        plan = await respond(desk, READER, p.PromotionCheck(changes=True), "")
        assert isinstance(plan, v.PromotionPlan)
        assert (plan.release, plan.seal, plan.allowed) == (NEW.id, SEAL, False)
        assert (plan.ready, plan.section, plan.changes.base) == (True, LOOKED.section, "runner c")
        assert (plan.running, [one.gate for one in plan.gates]) == (OLD.id, ["lint", "unit"])
        assert desk.store.durable == before

    played(tmp_path, scene)


def test_an_admin_promotes_what_holds_and_whoever_asks_again_gets_the_same(tmp_path: Path) -> None:
    async def scene(desk: Desk, __: Premises) -> None:
        asked = p.Promote(approve=SEAL, probation=30)
        with pytest.raises(Forbidden):
            await respond(desk, ANNA, asked, "")
        for _ in range(2):
            assert await respond(desk, ADMIN, asked, "") == p.Done(id="x1-4f2a")
        known = desk.store.state.promotion("x1")
        assert (known.by, known.release, known.section) == ("root", NEW.id, LOOKED.section)
        assert (known.posix, known.probation) == (1767225600, 30.0)
        other = Caller(name="bert", uid=1, access=p.Access.ADMIN)
        with pytest.raises(Conflict, match=r"x1-4f2a of .* is REQUESTED"):
            await respond(desk, other, asked, "")

    played(tmp_path, scene)


def test_what_is_missing_is_said_and_nothing_is_recorded(tmp_path: Path) -> None:
    async def scene(desk: Desk, found: Premises) -> None:
        found.looked = replace(LOOKED, workspace=Audited(files=("a",)), source="0" * 64)
        before = desk.store.durable
        with pytest.raises(Refused, match="prerequisites are unmet") as refused:
            await respond(desk, ADMIN, p.Promote(approve=SEAL), "")
        assert "git -C /opt/dev status" in (refused.value.hint or "")
        assert desk.store.durable == before

    played(tmp_path, scene)


def test_gates_that_fail_while_everything_is_looked_at_count(tmp_path: Path) -> None:
    failed = replace(RECORD, id="g2", results=(), ended=None)
    second: tuple[ev.AnyEvent, ...] = (
        replace(tries.REQUESTED, gate_run="g2"),
        replace(tries.STARTED, gate_run="g2", record=failed),
        replace(tries.ended("lint", Verdict.FAILED), gate_run="g2"),
        replace(tries.ended("unit", Verdict.SKIPPED), gate_run="g2"),
        replace(tries.OVER, gate_run="g2", ended=1200.0),
    )

    async def scene(desk: Desk, found: Premises) -> None:
        async def meanwhile() -> None:
            await desk.store.commit(*second)

        found.meanwhile = meanwhile
        with pytest.raises(Refused, match="gates: gate run g2: lint: failed"):
            await respond(desk, ADMIN, p.Promote(approve=SEAL), "")

    played(tmp_path, scene)


def test_what_the_package_brings_is_promoted_by_its_name_alone(tmp_path: Path) -> None:
    async def scene(desk: Desk, found: Premises) -> None:
        found.shelf = replace(SHELVED, package=OLD.source)
        with pytest.raises(BadRequest):
            await respond(desk, ADMIN, p.Promote(release=OLD.id, commit="main"), "")
        await respond(desk, ADMIN, p.Promote(release=OLD.id), "")
        assert desk.store.state.promotion("x1").deed is Deed.UPGRADE

    played(tmp_path, scene)


def test_the_way_back_and_a_try_are_asked_for(tmp_path: Path) -> None:
    async def scene(desk: Desk, found: Premises) -> None:
        for _ in range(2):
            assert await respond(desk, ADMIN, p.Rollback(), "") == p.Done(id="x1-4f2a")
        found.shelf = replace(SHELVED, previous=NEW.id)  # switched: back is the other way now
        for opposite in (p.Rollback(), p.Try()):
            with pytest.raises(Conflict, match="rollback x1-4f2a"):
                await respond(desk, ADMIN, opposite, "")
        await desk.store.commit(ev.PromotionRefused(promotion="x1-4f2a", project="w1", reason="no"))
        assert await respond(desk, ADMIN, p.Try(commit="main"), "") == p.Done(id="x2-4f2a")
        assert desk.store.state.promotion("x2").environment == "dev"

    played(tmp_path, scene)


def test_one_in_which_root_fell_silent_is_gone_on_with(tmp_path: Path) -> None:
    async def scene(desk: Desk, found: Premises) -> None:
        with pytest.raises(Refused, match="none is under way"):
            await respond(desk, ADMIN, p.PromotionResume(), "")
        await respond(desk, ADMIN, p.Rollback(), "")
        found.stuck["x1-4f2a"] = "root fell silent"
        row = await respond(desk, READER, p.PromotionShow(promotion="x1"), "")
        assert isinstance(row, v.PromotionRow)
        assert (row.stuck, row.alias) == ("root fell silent", "runner")
        await respond(desk, ADMIN, p.PromotionResume(), "")
        assert found.gone_on == ["x1-4f2a"]

    played(tmp_path, scene)


def test_a_manager_that_does_not_answer_is_told(tmp_path: Path) -> None:
    async def scene(desk: Desk, __: Premises) -> None:
        await desk.store.commit(
            ev.PromotionRequested(
                promotion="x1-4f2a",
                project="",
                deed=Deed.ROLLBACK,
                environment="prod",
                release="none",
            )
        )
        with pytest.raises(PmError, match="the manager does not answer"):
            await respond(desk, ADMIN, p.PromotionResume(), "")
        row = await respond(desk, READER, p.PromotionShow(promotion="x1"), "")
        assert isinstance(row, v.PromotionRow)
        assert row.alias == ""

    played(tmp_path, scene)


def test_one_that_came_back_waits_in_the_inbox_until_somebody_has_seen_it(tmp_path: Path) -> None:
    async def scene(desk: Desk, __: Premises) -> None:
        async def waiting() -> list[tuple[str, str]]:
            found = await respond(desk, READER, p.Inbox(), "")
            assert isinstance(found, v.InboxTable)
            return [(one.kind, one.id) for one in found.items]

        assert await waiting() == [("promotion", "g1")], "it can be promoted"
        await respond(desk, ADMIN, p.Promote(approve=SEAL), "")
        assert await waiting() == []
        refused = ev.PromotionRefused(promotion="x1-4f2a", project="w1", reason="why")
        await desk.store.commit(refused)
        assert await waiting() == [("promotion", "x1-4f2a")]
        for _ in range(2):
            await respond(desk, ANNA, p.PromotionSeen(promotion="x1"), "id")
        assert await waiting() == []
        assert desk.store.state.promotion("x1").seen == "anna"

    played(tmp_path, scene)


def test_they_are_listed_by_page_the_latest_first(tmp_path: Path) -> None:
    async def scene(desk: Desk, __: Premises) -> None:
        for number in range(1, 4):
            name = f"x{number}-4f2a"
            await desk.store.commit(
                ev.PromotionRequested(
                    promotion=name, project="w1", deed=Deed.TRY, environment="dev", release="r"
                ),
                ev.PromotionRefused(promotion=name, project="w1", reason="no"),
            )
        first = await respond(desk, READER, p.PromotionList(limit=2), "")
        assert isinstance(first, v.PromotionTable)
        assert [one.promotion.id for one in first.promotions] == ["x3-4f2a", "x2-4f2a"]
        rest = await respond(desk, READER, p.PromotionList(before=first.before), "")
        assert isinstance(rest, v.PromotionTable)
        assert [one.promotion.state for one in rest.promotions] == [PromotionState.REFUSED]
        assert rest.before is None

    played(tmp_path, scene)
