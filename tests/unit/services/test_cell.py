"""What both kinds of cell promise."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.services.cell import Cell
from pmrunnerd.services.outcome import Exited, Killed, Outcome, TimedOut, collect
from tests.unit.services.parts import (
    ENVIRONMENT,
    agent_directory,
    confined,
    descriptors,
    eventually,
    needs_sandbox,
    processes,
    unconfined,
)

BOTH = pytest.mark.parametrize(
    "make",
    [pytest.param(confined, marks=needs_sandbox), unconfined],
    ids=["confined", "unconfined"],
)
Make = Callable[[Path, Path], Cell]


def _run(make: Make, tmp_path: Path, script: str, total: float = 60) -> Outcome:
    (tmp_path / "workspace").mkdir()
    cell = make(tmp_path / "workspace", agent_directory(tmp_path))

    async def run() -> Outcome:
        running = await cell.start(["bash", "-c", script], ENVIRONMENT)
        return await collect(running, total=total, limit=100_000)

    return asyncio.run(run())


@BOTH
def test_a_command_works_in_the_workspace_and_its_status_comes_back(
    make: Make, tmp_path: Path
) -> None:
    done = _run(make, tmp_path, "pwd; echo err >&2; touch made; exit 3")

    assert done == Exited(3, f"{tmp_path}/workspace\n".encode(), b"err\n")
    assert (tmp_path / "workspace/made").exists()


@BOTH
def test_a_command_finds_only_what_it_is_given_and_nothing_to_read(
    make: Make, tmp_path: Path
) -> None:
    os.environ["PM_TEST_FOREIGN"] = "x"
    try:
        done = _run(make, tmp_path, "env | cut -d= -f1 | sort; cat")
    finally:
        del os.environ["PM_TEST_FOREIGN"]

    assert isinstance(done, Exited)
    assert set(done.out.decode().split()) - {"_", "SHLVL", "PWD", "OLDPWD"} == set(ENVIRONMENT)


@BOTH
def test_nothing_outlives_a_command_that_ends_not_even_what_fled(
    make: Make, tmp_path: Path
) -> None:
    word = f"5{os.getpid()}1"
    done = _run(make, tmp_path, f"setsid -f sleep {word}; nohup sleep {word} & echo done")

    assert isinstance(done, Exited)
    # When it has returned, not a moment later.
    assert processes(f"sleep\0{word}") == []
    assert done.out == b"done\n"


@BOTH
def test_nothing_outlives_a_command_that_is_stopped(make: Make, tmp_path: Path) -> None:
    word = f"5{os.getpid()}2"
    script = f"trap '' TERM INT HUP; setsid -f sleep {word}; sleep {word}"

    assert _run(make, tmp_path, script, total=0.5) == TimedOut(0.5)
    assert processes(f"sleep\0{word}") == []


@BOTH
def test_a_command_that_is_cancelled_at_any_moment_leaves_nothing(
    make: Make, tmp_path: Path
) -> None:
    word = f"5{os.getpid()}3"
    (tmp_path / "workspace").mkdir()
    cell = make(tmp_path / "workspace", agent_directory(tmp_path))
    before = descriptors()

    async def run() -> None:
        running = await cell.start(["sleep", word], ENVIRONMENT)
        await collect(running, total=60, limit=100)

    async def cut(after: float) -> None:
        try:
            async with asyncio.timeout(after):
                await run()
        except TimeoutError:
            pass

    for milliseconds in (0, 1, 2, 3, 5, 8, 13, 21, 34):
        asyncio.run(cut(milliseconds / 1000))
    eventually(lambda: not processes(word))
    assert descriptors() == before


@BOTH
def test_a_program_that_is_not_there_is_status_127_or_a_word_about_it(
    make: Make, tmp_path: Path
) -> None:
    done = _run(make, tmp_path, "exec /no/such")

    assert isinstance(done, Exited)
    assert done.status == 127
    assert b"No such file" in done.err


@BOTH
def test_a_command_that_a_signal_ends_has_not_exited_well(make: Make, tmp_path: Path) -> None:
    done = _run(make, tmp_path, "kill -SEGV $$")

    assert (isinstance(done, Killed) and done.signal == 11) or (
        isinstance(done, Exited) and done.status == 128 + 11
    )


@BOTH
def test_a_file_of_the_agent_s_directory_is_where_the_cell_says(make: Make, tmp_path: Path) -> None:
    agent = agent_directory(tmp_path)
    (tmp_path / "workspace").mkdir()
    (agent / "note").write_text("here\n")
    cell = make(tmp_path / "workspace", agent)

    async def run() -> Outcome:
        running = await cell.start(["cat", cell.inside("note")], ENVIRONMENT)
        return await collect(running, total=60, limit=100)

    assert asyncio.run(run()) == Exited(0, b"here\n", b"")
