"""The loop on a copy of a state, where it knows what is to be done and does nothing."""

import asyncio
from pathlib import Path

from pmrunnerd.model import events as ev
from tests.unit.engine.engines import an_engine
from tests.unit.engine.puppets import Stage, play


def test_a_resting_loop_turns_and_neither_starts_plans_nor_settles_anything(tmp_path: Path) -> None:
    async def whole(stage: Stage) -> None:
        (tmp_path / "runs" / "r1-aaaa").mkdir()
        # Its host is gone, which whoever follows it finds out at once.
        await stage.store.commit(
            ev.RunStarted(run="r1-aaaa", task="t1", project="w1", agent="shell", attempt=1)
        )
        await stage.store.commit(
            ev.MessagePosted(message="m2", project="w1", text="echo 2", by="anna")
        )
        before, engine = stage.state.seq, an_engine(stage)
        engine.rests, born = True, engine.turned
        async with asyncio.TaskGroup() as group:
            turns = group.create_task(engine.run())
            # It turns without a word to anybody.
            while engine.turned == born:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
            await stage.store.commit(
                ev.MessagePosted(message="m3", project="w1", text="echo 3", by="anna")
            )
            turned = engine.turned
            while engine.turned == turned:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
            turns.cancel()
        assert stage.state.seq == before + 1
        assert stage.host.started == []

    play(tmp_path, whole)
