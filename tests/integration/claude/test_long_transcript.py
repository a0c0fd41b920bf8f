"""A transcript is read beside what else a run host does."""

import asyncio
import os
import time
from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.services.agents.claude.worker import work
from pmrunnerd.services.agents.protocol import Verdict
from tests.unit.services.agents.claude.test_worker import asking, job
from tests.unit.services.agents.parts import Heard
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox


class Beats:
    """What a loop goes on to do beside what it waits for."""

    def __init__(self) -> None:
        self.count = 0

    async def beat(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0.01)

    def goes_on(self) -> bool:
        """Tell, in another thread, whether it does."""
        before, until = self.count, time.monotonic() + 5
        while self.count == before and time.monotonic() < until:
            time.sleep(0.01)
        return self.count > before


def test_a_transcript_that_takes_long_to_read_keeps_nobody_waiting(tmp_path: Path) -> None:
    given = job(tmp_path, earlier=("r1",))
    transcript, lines = asking(given)
    beats, waited = Beats(), list[bool]()
    os.mkfifo(transcript)

    def feed() -> None:  # each time that it is read
        for number in range(3):
            other = tmp_path / f"next{number}"
            os.mkfifo(other)
            with transcript.open("w") as pipe:
                other.replace(transcript)
                waited.append(beats.goes_on())
                pipe.write(lines)

    async def talked() -> Verdict:
        beating = asyncio.create_task(beats.beat())
        verdict, _ = await asyncio.gather(work(given, Heard()), asyncio.to_thread(feed))
        beating.cancel()
        return verdict

    assert asyncio.run(talked()).outcome is Outcome.ASKED
    assert waited == [True, True, True]
