"""A transcript is read beside what else a run host does."""

import asyncio
import json
import time
from pathlib import Path
from typing import Final

from pmrunnerd.model.entities import Outcome
from pmrunnerd.services.agents.claude.worker import work
from pmrunnerd.services.agents.protocol import Verdict
from tests.unit.services.agents.claude.test_worker import asking, job
from tests.unit.services.agents.parts import Heard
from tests.unit.services.parts import needs_sandbox

pytestmark = needs_sandbox

# Of a session that went on for days: each time that it is read takes as long as all else together.
ENTRIES: Final = 200_000


class Beats:
    """What a loop goes on to do beside what it waits for, and the longest time that it did not."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last), now


def test_a_transcript_that_takes_long_to_read_keeps_nobody_waiting(tmp_path: Path) -> None:
    given = job(tmp_path, earlier=("r1",))
    transcript, lines = asking(given)
    entry = json.dumps({"type": "progress", "message": {"content": [{"type": "text"}]}}) + "\n"
    transcript.write_text(entry * ENTRIES + lines)
    beats, began = Beats(), time.monotonic()

    async def talked() -> Verdict:
        beating = asyncio.create_task(beats.beat())
        verdict = await work(given, Heard())
        beating.cancel()
        return verdict

    assert asyncio.run(talked()).outcome is Outcome.ASKED
    took = time.monotonic() - began
    assert beats.longest < took / 5, f"{beats.longest:.3f} of {took:.3f} s"
