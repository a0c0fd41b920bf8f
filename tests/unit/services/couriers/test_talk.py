import asyncio
import socket

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.couriers.talk import give
from tests.unit.notify.orders import order

ORDER = order("https://hooks.example/hush")


async def answered(said: bytes, seconds: float = 20.0) -> bytes:
    """Give an order to somebody who says something; return what they were told."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        async with asyncio.TaskGroup() as group:

            async def answer() -> bytes:
                heard = await asyncio.get_running_loop().sock_recv(theirs, 1 << 16)
                if said:
                    await asyncio.get_running_loop().sock_sendall(theirs, said)
                theirs.shutdown(socket.SHUT_WR)
                return heard

            heard = group.create_task(answer())
            word = await give(ours, ORDER, seconds)
        assert word.delivered
        return heard.result()


def test_an_order_is_one_line_and_so_is_the_word(capsys: pytest.CaptureFixture[str]) -> None:
    heard = asyncio.run(answered(b'{"delivered":true,"said":"ok","more":1}\n'))
    assert heard.count(b"\n") == 1
    assert b'"target":"webhook"' in heard


@pytest.mark.parametrize("said", [b"", b"{", b"no\n", b'{"said":"x"}\n'])
def test_who_leaves_without_a_word_is_unavailable(said: bytes) -> None:
    with pytest.raises(ExceptionGroup) as group:
        asyncio.run(answered(said))
    assert group.group_contains(Unavailable, match="it ended without a word")


def test_who_says_nothing_is_not_waited_for_for_ever() -> None:
    async def scenario() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            with pytest.raises(Unavailable, match=r"longer than 0\.05 s"):
                await give(ours, ORDER, 0.05)

    asyncio.run(scenario())
