import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.engine import workspaces
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model import events as ev
from pmrunnerd.model.errand import A, Errand, Inspected
from pmrunnerd.services.errands.here import Here
from tests.integration.daemon import a_repository
from tests.unit.engine.engines import an_engine
from tests.unit.engine.puppets import Stage, play


def test_a_held_task_is_clear_once_its_workspace_is(tmp_path: Path) -> None:
    path = a_repository(tmp_path / "other")
    (path / "draft").touch()

    async def scene(stage: Stage) -> None:
        await stage.store.commit(
            ev.ProjectAdded(project="w2", alias="other", path=str(path)),
            ev.MessagePosted(message="m2", project="w2", text="x", by="anna"),
            ev.PlanDrafted(
                plan="p2",
                project="w2",
                message="m2",
                title="x",
                tasks=(ev.PlannedTask(task="t2", name="x", title="x", text="x"),),
            ),
        )
        watched = Workspaces(stage.store, unconfined=False, errands=Here(), patience=0)
        await watched.probe("t2")
        assert watched.clear == set()
        (path / "draft").unlink()
        await watched.probe("t2")
        assert watched.clear == {"t2"}
        watched.forget("t2")
        assert watched.clear == set()

    play(tmp_path, scene)


def test_a_workspace_that_stays_broken_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "other"
    path.mkdir()
    (path / ".git").mkdir()

    async def scene(stage: Stage) -> None:
        await stage.store.commit(ev.ProjectChanged(project="w1"))
        held = stage.store.ahead.projects
        held.put("w1", replace(held["w1"], path=str(path)))
        watched = Workspaces(stage.store, unconfined=False, errands=Here(), patience=0)
        for _ in range(4):
            await watched.probe("t1")

    play(tmp_path, scene)
    (said,) = caplog.messages
    assert said.startswith("cannot go on with held task t1: ")


def test_a_workspace_that_looks_fine_and_is_not_is_left_alone_longer_each_time() -> None:
    assert 1 <= workspaces.PATIENCE <= 10
    assert workspaces.LONGEST >= 60


def test_a_workspace_that_is_reserved_keeps_its_tasks_until_it_is_given_back(
    tmp_path: Path,
) -> None:
    async def scene(stage: Stage) -> None:
        watched = Workspaces(stage.store, unconfined=False, errands=Here())
        assert watched.is_free("t1")
        with watched.reserved("w1") as free:
            assert free
            assert not watched.is_free("t1")
        assert watched.is_free("t1")

    play(tmp_path, scene)


def test_a_workspace_that_a_run_has_is_not_reserved(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        watched = Workspaces(stage.store, unconfined=False, errands=Here())
        # Decided and not yet durable, the run is on its way all the same.
        starting = stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1)
        )
        with watched.reserved("w1") as free:
            assert not free
        with watched.reserved("w2") as other:
            assert other
        await starting

    play(tmp_path, scene)


def test_a_task_does_not_start_while_its_workspace_is_reserved(tmp_path: Path) -> None:
    async def whole(stage: Stage) -> None:
        workspaces = Workspaces(stage.store, unconfined=False, errands=Here())
        engine = an_engine(stage, workspaces=workspaces)
        async with asyncio.TaskGroup() as group:
            with workspaces.reserved("w1"):
                turns = group.create_task(engine.run())
                before = engine.turned
                while engine.turned == before:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert not stage.store.ahead.active
            await stage.started()
            turns.cancel()

    play(tmp_path, whole)


class Elsewhere(Here):
    """Errands that cost a unit each; what they find is what they are told."""

    sealed = True

    def __init__(self, *problems: str) -> None:
        super().__init__()
        self.problems = list(problems)
        self.at_once = self.most = 0

    async def do(self, errand: Errand[A], **_: object) -> A:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        found: Any = Inspected(path="", problem=self.problems.pop(0) if self.problems else "")
        answer: A = found
        return answer


def test_where_each_look_is_a_unit_a_workspace_that_stays_as_it_is_is_left_alone_longer(
    tmp_path: Path,
) -> None:
    async def scene(stage: Stage) -> None:
        errands = Elsewhere(*["no"] * 3)
        watched = Workspaces(stage.store, unconfined=False, errands=errands, patience=0.05)
        loop, waits = asyncio.get_running_loop(), []
        for _ in range(4):
            before = loop.time()
            await watched.probe("t1")
            waits.append(loop.time() - before)
        assert all(wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2, 0.4), strict=True))
        assert waits == sorted(waits)
        assert watched.clear == {"t1"}

    play(tmp_path, scene)


def test_however_many_tasks_are_held_few_are_looked_at_at_once(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        errands = Elsewhere()
        watched = Workspaces(stage.store, unconfined=False, errands=errands, patience=0)
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(watched.probe("t1"))
        assert errands.most == workspaces.AT_ONCE

    play(tmp_path, scene)
