"""Listens to what a command prints: reports it as it comes, and knows when it last said a word."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from pmrunnerd.services.agents.chunks import Chunks, Tail
from pmrunnerd.services.agents.protocol import Report
from pmrunnerd.services.pipes import Drain

# How long an unfinished line waits for its end before it is shown, in seconds.
_SOON: Final = 0.25
# What one run may print, as it stands in the event file, where a byte can be six; a loop that prints
# must not fill the disk that everybody's facts are on.
OUTPUT_LIMIT: Final = 64 << 20
# Of what comes after that, enough for the last lines of a failure.
_LAST: Final = 4096
_STRAGGLERS: Final = 1.0
_MIB: Final = 1 << 20


class Ears:
    """Listens to both streams of one command. `heard` is called whenever something comes.

    `failed` gets the OSError of a report that could not be recorded; nothing is reported after it.
    """

    def __init__(
        self,
        report: Report,
        *,
        heard: Callable[[], None],
        failed: Callable[[OSError], None],
        limit: int = OUTPUT_LIMIT,
    ) -> None:
        self.tail = Tail()
        self._report = report
        self._heard = heard
        self._failed = failed
        self._limit = limit
        self._left = limit
        self._deaf = False
        self._streams: dict[str, tuple[Drain, Chunks]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def listen(self, stream: str, file: int) -> None:
        """Listen to a pipe until it ends."""
        drain = Drain(file, lambda data: self._take(stream, data))
        self._streams[stream] = drain, Chunks()

    async def close(self) -> None:
        """Report what is still in the pipes, once everything that wrote to them is dead."""
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(drain.finished()) for drain, _ in self._streams.values()]
            if reading:
                await asyncio.wait(reading, timeout=_STRAGGLERS)
            for stream, (drain, chunks) in self._streams.items():
                drain.close()
                self._hush(stream)
                self._say(stream, chunks.flush(end=True))

    def _take(self, stream: str, data: bytes) -> None:
        self._heard()
        self._hush(stream)
        chunks = self._streams[stream][1]
        self._say(stream, chunks.feed(data if self._left > 0 else data[-_LAST:]))
        if chunks.waits:
            loop = asyncio.get_running_loop()
            flush = lambda: self._say(stream, chunks.flush())  # noqa: E731
            self._timers[stream] = loop.call_later(_SOON, flush)

    def _hush(self, stream: str) -> None:
        if (timer := self._timers.pop(stream, None)) is not None:
            timer.cancel()

    def _say(self, stream: str, texts: list[str]) -> None:
        for text in texts:
            self.tail.add(text)
            if self._deaf or self._left <= 0:
                continue
            self._left -= len(msgspec.json.encode(text))
            try:
                self._report.output(stream, text)
                if self._left <= 0:
                    most = f"{self._limit / _MIB:.3g} MiB"
                    self._report.output(
                        "runner", f"it printed more than {most}; the rest is not kept\n"
                    )
            except OSError as exc:
                self._deaf = True
                self._failed(exc)
