"""An engine whose run hosts the test plays itself, and that turns while a scene is played."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from pmrunnerd.engine.accounting import Accounting
from pmrunnerd.engine.admission import Admission
from pmrunnerd.engine.checks import Checks
from pmrunnerd.engine.loop import Engine
from pmrunnerd.engine.planner import Planner
from pmrunnerd.engine.workspaces import Workspaces
from pmrunnerd.model.entities import Task
from pmrunnerd.model.state import State
from pmrunnerd.rules.admission import Least, Room
from pmrunnerd.services.errands.here import Here
from tests.unit.engine.puppets import Stage, play

ENOUGH = Room(memory=1000, disk=1000)


def an_engine(  # noqa: PLR0913 - the hands, each of which a test may choose
    stage: Stage,
    *,
    slots: int = 2,
    measure: Callable[[], Room] = lambda: ENOUGH,
    workspaces: Workspaces | None = None,
    planner: Planner | None = None,
    checks: Checks | None = None,
    taken: Callable[[State, Task, str], str] = lambda *_: "",
) -> Engine:
    here = Here()
    places = workspaces or Workspaces(stage.store, unconfined=False, errands=here)
    return Engine(
        stage.store,
        stage.clock,
        planner or Planner(stage.store),
        stage.runs,
        places,
        Admission(stage.store, stage.clock, measure, Least(memory=100, disk=100)),
        checks
        or Checks(
            stage.store,
            Accounting(stage.store, here, places, room=stage.store.directory),
            lambda: 3,
        ),
        slots=slots,
        taken=taken,
    )


def turning(
    tmp_path: Path, scene: Callable[[Stage, Engine], Awaitable[None]], slots: int = 2
) -> None:
    """Run a scene while the loop turns."""

    async def whole(stage: Stage) -> None:
        engine = an_engine(stage, slots=slots)
        async with asyncio.TaskGroup() as group:
            turns = group.create_task(engine.run())
            await scene(stage, engine)
            turns.cancel()

    play(tmp_path, whole)
