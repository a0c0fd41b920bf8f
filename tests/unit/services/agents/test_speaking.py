"""Lines both ways, with a program in a cell."""

import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.services.agents import speaking
from pmrunnerd.services.agents.speaking import Lines, Unheard, killed_by
from pmrunnerd.services.cell import Reach
from tests.unit.services.parts import ENVIRONMENT, confined, needs_sandbox, processes, repository

pytestmark = needs_sandbox


def program(tmp_path: Path, text: str) -> Lines:
    cell = confined(repository(tmp_path / "workspace"))
    argv = ["/usr/bin/python3", "-c", text]
    return Lines(cell, argv, ENVIRONMENT, Reach(talks=True), heard=lambda: None)


async def heard(found: Lines, *said: bytes) -> list[bytes]:
    try:
        await found.start()
        for one in said:
            await found.say(one)
        await found.hush()
        told = []
        while (line := await found.next()) is not None:
            told.append(line)
        await found.ended()
        return told
    finally:
        await found.close()


def test_a_line_without_an_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "LONGEST", 1 << 20)

    with pytest.raises(Unheard, match="said a line of more than 1 MiB"):
        asyncio.run(heard(program(tmp_path, "print('x' * 3_000_000, end='', flush=True)")))


def test_nothing_can_be_said_to_one_that_is_gone(tmp_path: Path) -> None:
    async def says() -> None:
        found = program(tmp_path, "import sys; sys.stdin.close()")
        try:
            await found.start()
            while True:
                await found.say(b"x" * 100_000)
        finally:
            await found.close()

    with pytest.raises(Unheard, match="does not listen any more"):
        asyncio.run(says())


def test_one_that_does_not_leave_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "_PATIENCE", 0.2)
    word = f"8640.{os.getpid()}"
    text = f"""
import subprocess, time
subprocess.Popen(["setsid", "sleep", "{word}"])
print("up", flush=True)
time.sleep(1000)
"""

    async def closes() -> None:
        found = program(tmp_path, text)
        await found.start()
        assert await found.next() == b"up"
        await found.close()

    asyncio.run(closes())
    assert processes(f"sleep\0{word}") == []


def test_a_line_of_megabytes_is_one_line(tmp_path: Path) -> None:
    (line,) = asyncio.run(heard(program(tmp_path, "print('x' * 5_000_000)")))

    assert len(line) == 5_000_000


def test_what_is_said_comes_to_it_and_what_it_says_comes_back(tmp_path: Path) -> None:
    found = program(tmp_path, "import sys\nfor line in sys.stdin: print(line, end='', flush=True)")

    assert asyncio.run(heard(found, b"a\n", b"b\n")) == [b"a", b"b"]
    assert not found.listens


@pytest.mark.parametrize("status", [0, 1, 3, 127, 139, -11])
def test_who_failed_or_crashed_was_killed_by_nobody(status: int) -> None:
    assert killed_by(status) == 0


@pytest.mark.parametrize(("status", "signal"), [(137, 9), (143, 15), (-9, 9)])
def test_who_was_killed_is_told_apart(status: int, signal: int) -> None:
    assert killed_by(status) == signal


def test_one_that_is_to_be_ended_at_once_does_not_hear_that_nobody_listens(tmp_path: Path) -> None:
    text = "import sys; print('up', flush=True); sys.stdin.read(); open('heard', 'w')"

    async def closes(place: Path, *, at_once: bool) -> None:
        found = program(place, text)
        await found.start()
        assert await found.next() == b"up"
        await found.close(at_once=at_once)
        assert not found.listens

    asyncio.run(closes(tmp_path / "a", at_once=True))
    assert not (tmp_path / "a/workspace/heard").exists()
    asyncio.run(closes(tmp_path / "b", at_once=False))
    assert (tmp_path / "b/workspace/heard").exists()
