"""Lines both ways, with a program in a cell."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import CLIConnectionError, ProcessError

from pmrunnerd.services.agents import speaking
from pmrunnerd.services.agents.claude.transport import CellTransport
from pmrunnerd.services.agents.speaking import Lines
from pmrunnerd.services.cell import Reach
from tests.unit.services.parts import ENVIRONMENT, confined, needs_sandbox, processes, repository

pytestmark = needs_sandbox


def transport(tmp_path: Path, program: str) -> CellTransport:
    cell = confined(repository(tmp_path / "workspace"))
    argv = ["/usr/bin/python3", "-c", program]
    return CellTransport(Lines(cell, argv, ENVIRONMENT, Reach(talks=True), heard=lambda: None))


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


def test_what_is_said_at_once_comes_to_it_whole_one_after_the_other(tmp_path: Path) -> None:
    program = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    found = transport(tmp_path, program)
    replies = ['{"a": "' + "x" * 600_000 + '"}\n', '{"b": "' + "y" * 600_000 + '"}\n']

    async def says() -> list[dict[str, Any]]:
        try:
            await found.connect()
            async with asyncio.timeout(180):
                await asyncio.gather(*map(found.write, replies))
                await found.end_input()
                return [message async for message in found.read_messages()]
        finally:
            await found.close()

    assert [list(one) for one in asyncio.run(says())] == [["a"], ["b"]]


def test_a_line_of_megabytes_is_one_message(tmp_path: Path) -> None:
    program = "import json; print(json.dumps({'a': 'x' * 5_000_000}))"

    (message,) = asyncio.run(heard(transport(tmp_path, program)))

    assert len(message["a"]) == 5_000_000


def test_half_a_character_is_no_end_of_what_can_be_said_on(tmp_path: Path) -> None:
    program = r"""print(r'{"a": "done \ud83d"}')"""

    (message,) = asyncio.run(heard(transport(tmp_path, program)))

    assert message["a"].encode() == "done \ufffd".encode()


def test_words_beside_the_protocol_are_kept_for_the_reason_of_a_failure(tmp_path: Path) -> None:
    program = "import sys; print('a word'); print('another', file=sys.stderr); sys.exit(3)"
    found = transport(tmp_path, program)

    with pytest.raises(ProcessError) as ended:
        asyncio.run(heard(found))
    assert ended.value.exit_code == 3
    assert set(str(found.tail).split("\n")) == {"a word", "another"}


def test_one_that_ends_before_it_was_told_to_has_failed_whatever_its_status(tmp_path: Path) -> None:
    found = transport(tmp_path, "print('{}')")

    async def listen() -> list[dict[str, Any]]:
        try:
            await found.connect()
            return [message async for message in found.read_messages()]
        finally:
            await found.close()

    with pytest.raises(ProcessError) as ended:
        asyncio.run(listen())
    assert ended.value.exit_code == 0


def test_noise_that_looks_like_a_message_ends_nothing(tmp_path: Path) -> None:
    found = transport(tmp_path, "print('{oops'); print('[1]'); print('{}')")
    assert asyncio.run(heard(found)) == [{}]
    assert str(found.tail).split("\n") == ["{oops", "[1]"]


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


@pytest.mark.parametrize("is_over", [False, True])
def test_only_one_whose_turn_is_over_hears_that_nobody_listens(
    tmp_path: Path, *, is_over: bool
) -> None:
    program = "import sys; print('{}', flush=True); sys.stdin.read(); open('heard', 'w')"
    found = transport(tmp_path, program)

    async def closes() -> None:
        await found.connect()
        async for _ in found.read_messages():
            break
        found.is_over = is_over
        await found.close()

    asyncio.run(closes())
    assert (tmp_path / "workspace/heard").exists() is is_over
    assert not found.is_ready()


def test_one_that_does_not_read_what_it_is_told_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{speaking.__name__}._PATIENCE", 0.2)
    found = transport(tmp_path, "import time; print('{}', flush=True); time.sleep(1000)")

    async def closes() -> None:
        await found.connect()
        async for _ in found.read_messages():
            break
        says = asyncio.create_task(found.write("x" * 5_000_000))
        await asyncio.sleep(0)
        found.is_over = True
        async with asyncio.timeout(180):
            await found.close()
        with pytest.raises(CLIConnectionError):
            await says

    asyncio.run(closes())
    assert not found.is_ready()


def test_one_that_does_not_leave_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{speaking.__name__}._PATIENCE", 0.2)
    word = f"8641.{os.getpid()}"
    program = f"""
import subprocess, time
subprocess.Popen(["setsid", "sleep", "{word}"])
print('{{"up": 1}}', flush=True)
time.sleep(1000)
"""

    async def closes() -> None:
        found = transport(tmp_path, program)
        await found.connect()
        async for _ in found.read_messages():
            break
        found.is_over = True
        await found.close()

    asyncio.run(closes())
    assert processes(f"sleep\0{word}") == []
