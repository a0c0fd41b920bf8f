"""Messages both ways, and what is none of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from pmrunnerd.services.agents.acp.transport import CellTransport
from pmrunnerd.services.agents.speaking import Lines, Unheard
from pmrunnerd.services.cell import Reach
from tests.unit.services.agents.acp.parts import Teller, message
from tests.unit.services.parts import unconfined


def received(*lines: Any, hears: Any = lambda _: None) -> tuple[list[Any], CellTransport, Teller]:
    async def receives() -> tuple[list[Any], CellTransport, Teller]:
        teller = Teller()
        transport = CellTransport(teller, hears)
        for line in (*lines, None):
            teller.tell(line)
        found: list[Any] = []
        while (one := await transport.receive()) is not None:
            found.append(one)
        return found, transport, teller

    return asyncio.run(receives())


def test_what_is_no_message_is_kept_for_the_reason_of_a_failure() -> None:
    found, _, teller = received(b"", b"hello", b"[1]", b"{oops", b"5", b"\xff", {"id": 1})

    assert found == [{"id": 1}]
    assert str(teller.tail) == "hello\n[1]\n{oops\n5\n\ufffd"
    assert received(b"[" * 100_000, {"id": 1})[0] == [{"id": 1}]


def test_what_cannot_be_recorded_ends_the_conversation_and_is_kept() -> None:
    def hears(_: Mapping[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    found, transport, _ = received({"id": 1}, message("a"), {"id": 2}, hears=hears)

    assert found == [{"id": 1}]
    assert isinstance(transport.failure, OSError)


def test_updates_are_heard_in_order_before_they_are_handed_on() -> None:
    heard: list[Any] = []
    broken = {"method": "session/update", "params": {"update": 5}}
    found, _, _ = received(message("a"), broken, {"id": 1}, message("b"), hears=heard.append)

    assert [one["content"]["text"] for one in heard] == ["a", "b"]
    assert len(found) == 4


def test_nothing_can_be_said_to_one_that_is_not_there(tmp_path: Any) -> None:
    nobody = Lines(unconfined(tmp_path), [], {}, Reach(), heard=lambda: None)

    with pytest.raises(Unheard, match="does not listen any more"):
        asyncio.run(CellTransport(nobody, lambda _: None).send({"id": 1}))
