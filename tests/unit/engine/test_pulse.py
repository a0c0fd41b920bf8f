import asyncio

from pmrunnerd.engine.pulse import Pulse


def test_all_who_wait_wake_at_once() -> None:
    async def scene() -> None:
        pulse = Pulse()
        async with asyncio.timeout(180), asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(pulse.wait(60))
            await asyncio.sleep(0)
            pulse.beat()

    asyncio.run(scene())


def test_a_beat_before_the_wait_is_not_heard_and_the_wait_ends_by_itself() -> None:
    async def scene() -> None:
        pulse = Pulse()
        pulse.beat()
        waiting = asyncio.get_running_loop().time()
        await pulse.wait(0.02)
        assert asyncio.get_running_loop().time() - waiting >= 0.02

    asyncio.run(scene())


def test_one_who_was_cancelled_is_forgotten() -> None:
    async def scene() -> None:
        pulse = Pulse()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(pulse.wait(60))
            await asyncio.sleep(0)
            waiting.cancel()
        pulse.beat()

    asyncio.run(scene())
