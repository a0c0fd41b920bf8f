import asyncio

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.commit import Commit
from pmrunnerd.store.failures import StoreFailed
from tests.unit.store.parts import AT


def a_commit() -> Commit:
    return Commit(Batch(seq=3, at=AT, facts=()), b"line")


def test_everybody_who_waits_learns_when_it_is_durable() -> None:
    async def story() -> list[int]:
        commit = a_commit()
        async with asyncio.TaskGroup() as house:
            waiting = [house.create_task(commit.durable()) for _ in range(3)]
            await asyncio.sleep(0)
            assert not any(task.done() for task in waiting)
            commit.settle()
        return [task.result() for task in waiting] + [await commit]

    assert asyncio.run(story()) == [3, 3, 3, 3]


@pytest.mark.parametrize("kind", [Unavailable, StoreFailed])
def test_everybody_who_waits_gets_an_error_of_their_own(kind: type[Unavailable]) -> None:
    async def story() -> tuple[BaseException | int, BaseException | int]:
        commit = a_commit()
        waiting = asyncio.gather(commit.durable(), commit.durable(), return_exceptions=True)
        await asyncio.sleep(0)
        commit.settle(kind("cannot record", hint="df -h"))
        return await waiting

    first, second = asyncio.run(story())

    assert isinstance(first, Unavailable)
    assert type(first) is type(second) is kind
    assert first is not second
    assert (str(first), first.hint) == ("cannot record", "df -h")


def test_one_who_gave_up_waiting_does_not_keep_the_others_from_knowing() -> None:
    async def story() -> int:
        commit = a_commit()
        async with asyncio.TaskGroup() as house:
            gone, patient = (house.create_task(commit.durable()) for _ in range(2))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.sleep(0)
            commit.settle()
        return patient.result()

    assert asyncio.run(story()) == 3


def test_the_line_is_let_go_when_it_is_written() -> None:
    commit = a_commit()
    commit.settle()

    assert commit.line == b""
