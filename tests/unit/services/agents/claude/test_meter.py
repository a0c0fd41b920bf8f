"""What a conversation has cost is read while it goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from claude_agent_sdk import CLIConnectionError, Transport

from pmrunnerd.services.agents.claude.meter import Meter

SAID = {"type": "assistant", "message": {"content": []}}


class Line(Transport):
    """Says what it was given, and remembers what was said to it; `deaf` listens to nothing."""

    def __init__(self, says: Sequence[dict[str, Any]], *, deaf: bool = False) -> None:
        self._says = says
        self._deaf = deaf
        self.heard: list[str] = []
        self.state = "new"

    async def connect(self) -> None:
        self.state = "connected"

    async def write(self, data: str) -> None:
        if self._deaf:
            raise CLIConnectionError("it does not listen")
        self.heard.append(data)

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        for one in self._says:
            yield one

    async def close(self) -> None:
        self.state = "closed"

    async def end_input(self) -> None:
        self.state = "over"

    def is_ready(self) -> bool:
        return self.state == "connected"


def through(line: Line) -> tuple[list[dict[str, Any]], list[float]]:
    """Return what of all that a line says comes through, and which costs are told."""

    async def read() -> list[dict[str, Any]]:
        return [message async for message in meter.read_messages()]

    told: list[float] = []
    heard: list[dict[str, Any]] = []
    meter = Meter(line, told.append, heard.append)
    through = asyncio.run(read())
    assert heard == through, "what comes through is heard as it came"
    return through, told


def answer(said: Any) -> dict[str, Any]:
    response = {"subtype": "success", "request_id": "cost", "response": said}
    return {"type": "control_response", "response": response}


def cost(dollars: Any) -> dict[str, Any]:
    return answer({"session": {"total_cost_usd": dollars}})


@pytest.mark.parametrize(
    "said", [answer(None), answer({}), answer({"session": None}), cost(None), cost("much")]
)
def test_an_answer_without_a_cost_tells_nothing(said: dict[str, Any]) -> None:
    assert through(Line([SAID, said])) == ([SAID], [])


def test_a_refusal_is_passed_by_and_it_asks_again_at_the_next_occasion() -> None:
    refused = {"subtype": "error", "request_id": "cost", "error": "not supported"}
    line = Line([SAID, {"type": "control_response", "response": refused}, SAID, cost(0.02)])

    assert through(line) == ([SAID, SAID], [0.02])
    assert len(line.heard) == 2


def test_who_does_not_listen_any_more_is_heard_to_the_end() -> None:
    assert through(Line([SAID, SAID], deaf=True)) == ([SAID, SAID], [])


def test_the_answers_to_others_come_through() -> None:
    other = {"type": "control_response", "response": {"request_id": "req_1", "response": {}}}

    assert through(Line([other])) == ([other], [])


def test_what_has_been_said_is_asked_about_once_until_that_is_answered() -> None:
    line = Line([SAID, SAID, SAID, cost(0.02), cost(0.03)])

    assert through(line) == ([SAID] * 3, [0.02, 0.03])
    assert [json.loads(one)["request"]["subtype"] for one in line.heard] == ["get_usage"] * 2


def test_the_end_of_a_turn_needs_no_question() -> None:
    line = Line([{"type": "result"}])
    through(line)

    assert line.heard == []


def test_all_else_is_as_with_the_transport_itself() -> None:
    line = Line([])
    meter = Meter(line, print, print)

    asyncio.run(meter.connect())
    assert meter.is_ready()
    asyncio.run(meter.write("a"))
    asyncio.run(meter.end_input())
    assert (line.heard, line.state) == (["a"], "over")
    asyncio.run(meter.close())
    assert line.state == "closed"
