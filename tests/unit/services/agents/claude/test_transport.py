"""Lines both ways, with a program in a cell."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import CLIConnectionError, ProcessError

from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.cell import Reach
from tests.unit.services.parts import ENVIRONMENT, confined, needs_sandbox, repository

pytestmark = needs_sandbox


def transport(tmp_path: Path, program: str) -> CellTransport:
    cell = confined(repository(tmp_path / "workspace"))
    argv = ["/usr/bin/python3", "-c", program]
    return CellTransport(cell, argv, ENVIRONMENT, Reach(talks=True), heard=lambda: None)


async def heard(found: CellTransport, *said: str) -> list[dict[str, Any]]:
    try:
        await found.connect()
        for one in said:
            await found.write(one)
        await found.end_input()
        return [message async for message in found.read_messages()]
    finally:
        await found.close()


def test_what_is_said_comes_to_it_and_what_it_says_comes_back(tmp_path: Path) -> None:
    program = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    found = transport(tmp_path, program)

    said = asyncio.run(heard(found, '{"a": 1}\n', '{"b": 2}\n'))

    assert said == [{"a": 1}, {"b": 2}]
    assert not found.is_ready()


def test_words_beside_the_protocol_are_kept_for_the_reason_of_a_failure(tmp_path: Path) -> None:
    program = "import sys; print('a word'); print('another', file=sys.stderr); sys.exit(3)"
    found = transport(tmp_path, program)

    with pytest.raises(ProcessError) as ended:
        asyncio.run(heard(found))
    assert ended.value.exit_code == 3
    assert set(str(found.tail).split("\n")) == {"a word", "another"}


def test_a_line_that_is_no_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(CLIConnectionError, match=r"what is no JSON: b'\{oops'"):
        asyncio.run(heard(transport(tmp_path, "print('{oops')")))


def test_nothing_can_be_said_to_one_that_is_gone(tmp_path: Path) -> None:
    async def says() -> None:
        found = transport(tmp_path, "import sys; sys.stdin.close()")
        try:
            await found.connect()
            for _ in range(100):
                await found.write("x" * 100_000)
                await asyncio.sleep(0.01)
        finally:
            await found.close()

    with pytest.raises(CLIConnectionError, match="does not listen any more"):
        asyncio.run(says())
