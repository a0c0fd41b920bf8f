import asyncio

from pmrunnerd.api.deadline import Deadline


def test_only_the_last_one_counts_and_only_once() -> None:
    async def scenario() -> None:
        happened: list[str] = []
        done = asyncio.Event()
        deadline = Deadline()
        deadline.set(0, lambda: happened.append("first"))

        def second() -> None:
            happened.append("second")
            done.set()

        deadline.set(0.001, second)
        assert deadline.is_set
        await done.wait()
        assert happened == ["second"]

    asyncio.run(scenario())


def test_what_was_stopped_does_not_happen() -> None:
    async def scenario() -> None:
        happened: list[str] = []
        deadline = Deadline()
        deadline.set(0, lambda: happened.append("it"))
        deadline.stop()
        deadline.stop()
        assert not deadline.is_set
        await asyncio.sleep(0.01)
        assert happened == []

    asyncio.run(scenario())
