"""Reads a pipe to its end and hands on what comes, as it comes."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

CHUNK: Final = 64 * 1024


class Drain:
    """Owns the reading end of one pipe. `feed` is called with every piece, in the loop's thread.

    `over` is called when nothing more will come. What `feed` raises is raised again by `finished`:
    nobody else would hear of it.
    """

    def __init__(
        self, file: int, feed: Callable[[bytes], None], over: Callable[[], None] = lambda: None
    ) -> None:
        self._file = file
        self._feed = feed
        self._ended = over
        self._failure: Exception | None = None
        self._over = asyncio.Event()
        os.set_blocking(file, False)
        asyncio.get_running_loop().add_reader(file, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._file, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.close()
            return
        try:
            self._feed(data)
        except Exception as exc:  # noqa: BLE001 - handed on by `finished`
            self._failure = exc
            self.close()

    def close(self) -> None:
        """Stop reading, whether or not the end was seen."""
        if not self._over.is_set():
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
            self._over.set()
            self._ended()

    async def finished(self) -> None:
        """Return when the pipe has ended or was closed; raise what `feed` raised."""
        await self._over.wait()
        if self._failure is not None:
            raise self._failure
