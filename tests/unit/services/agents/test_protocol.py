"""What every agent promises."""

import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.services.agents.protocol import Agent
from pmrunnerd.services.agents.registry import AGENTS
from tests.unit.services.agents.parts import Heard, job
from tests.unit.services.parts import processes

# Those that need no sandbox; the others are tried in real run hosts.
EVERY = pytest.mark.parametrize("agent", [agent for agent in AGENTS.values() if agent.replays])


@EVERY
@pytest.mark.parametrize("after", [0, 0.005, 0.02, 0.05, 0.2])
def test_no_process_is_left_when_its_work_is_cancelled(
    agent: Agent, tmp_path: Path, after: float
) -> None:
    word = f"8{os.getpid()}1"
    work = agent.work(job(tmp_path, f"setsid -f sleep {word}; sleep {word}"), Heard())

    with pytest.raises(TimeoutError):
        asyncio.run(_within(after, work))
    assert processes(f"sleep\0{word}") == []


@EVERY
def test_work_that_cannot_be_reported_ends_with_the_reason_and_without_a_process(
    agent: Agent, tmp_path: Path
) -> None:
    word = f"8{os.getpid()}2"
    work = agent.work(job(tmp_path, f"echo x; setsid -f sleep {word}; sleep {word}"), Heard(0))

    with pytest.raises(OSError, match="No space left"):
        asyncio.run(asyncio.wait_for(work, 30))
    assert processes(f"sleep\0{word}") == []


async def _within(seconds: float, work: object) -> None:
    async with asyncio.timeout(seconds):
        await work  # type: ignore[misc]
