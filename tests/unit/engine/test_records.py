"""What a run reports before it ends is recorded once."""

import asyncio
import os
import time
from pathlib import Path

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import PutAway
from tests.unit.engine.puppets import BEGAN, Stage, finished, play
from tests.unit.store.parts import AT


def test_what_a_dead_run_left_behind_is_recorded_once(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        (tmp_path / "runs" / "r2-bbbb").mkdir()
        (old := tmp_path / "runs" / "r1-aaaa").mkdir()
        os.utime(old, (0, 0))
        ref = "refs/pm-runner/runs/r1-aaaa"
        put = PutAway(at=AT, run="r1-aaaa", ref=ref, files=2, also=(f"{ref}-2",))
        stage.host.say("r2-bbbb", put)
        await stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1),
            ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.INTERRUPTED, cursor=0),
            ev.TaskInterrupted(task="t1", project="w1", reason="gone"),
            ev.RunStarted(run="r2-bbbb", task="t1", project="w1", agent="shell", attempt=2),
        )
        stage.host.living.add("r2-bbbb")
        for _ in range(2):  # the second daemon reads the same line again
            async with asyncio.TaskGroup() as group:
                following = group.create_task(stage.runs.follow_safely("r2-bbbb"))
                await stage.until(lambda: stage.state.runs["r1-aaaa"].ended.kept)  # type: ignore[union-attr]
                following.cancel()
        stage.host.say("r2-bbbb", BEGAN, finished())
        stage.host.living.clear()
        await stage.runs.follow_safely("r2-bbbb")
        facts = [type(f) for batch in stage.store.read(0) for f in batch.facts]
        assert facts.count(ev.LeftoversKept) == 1
        assert stage.state.runs["r1-aaaa"].ended.also == (f"{ref}-2",)  # type: ignore[union-attr]
        assert old.stat().st_mtime > time.time() - 60, "what is kept of it is new"

    play(tmp_path, scene)
