"""A release's daemon as a process of ours, until it says that it is ready, and until it is gone."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.services import process
from pmrunnerd.services.child import Child
from pmrunnerd.services.pipes import Drain

_READY: Final = b"READY=1"
# Bytes of what it said that are kept, from the end.
_SAID: Final = 16 << 10
_UNKNOWN_OPTION: Final = ("unrecognized arguments", "--rehearsal")
# In a line of its log, and how one begins that is meant for the journal.
_EXCEPTION: Final = re.compile(r'^<2>.* exception="((?:[^"\\]|\\.)*)"', re.MULTILINE)
_LEVEL: Final = re.compile(r"^<[0-7]>")
_USAGE: Final = 2
_DAMAGED: Final = 78


def surroundings(place: Path) -> dict[str, str]:
    """Return the variables that a candidate's programs have, who work in a place."""
    return {"PATH": process.PATH, "LANG": "C.UTF-8", "HOME": os.fspath(place)}


class Candidate:
    """Started on a copy of a state. It must be ended (`end`) by whoever started it."""

    def __init__(self, argv: Sequence[str | Path], place: Path) -> None:
        """`place` is where it works, and where it finds whom to tell that it is ready. Raises OSError."""
        self._notify = place / "notify"
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(os.fspath(self._notify))
        self._manager.settimeout(0)
        self._said = bytearray()
        env = surroundings(place) | {"NOTIFY_SOCKET": os.fspath(self._notify)}
        self._child: Child = process.start(argv, cwd=place, env=env)
        self._drains = [
            Drain(pipe, self._hear) for pipe in (self._child.stdout, self._child.stderr)
        ]

    def _hear(self, data: bytes) -> None:
        self._said += data
        del self._said[:-_SAID]

    @property
    def peak_memory(self) -> int:
        """Bytes that it used, once it is over."""
        return self._child.usage.peak_memory if self._child.usage else 0

    async def ready(self, patience: float) -> str:
        """Wait until it says that it is ready; return why it does not, in words that follow on its name."""
        try:
            async with asyncio.timeout(patience), asyncio.TaskGroup() as group:
                told = group.create_task(self._told(), name="candidate: ready")
                over = group.create_task(self._child.wait(), name="candidate: over")
                await asyncio.wait((told, over), return_when=asyncio.FIRST_COMPLETED)
                is_ready = told.done()
                told.cancel()
                over.cancel()
        except TimeoutError:
            return f"is not ready within {patience:.0f} s{self._words()}"
        return "" if is_ready else await self._how(await self._child.wait(), "before it was ready")

    async def _told(self) -> None:
        loop = asyncio.get_running_loop()
        while _READY not in (await loop.sock_recv(self._manager, 4096)).split(b"\n"):
            pass

    async def leave(self, patience: float) -> str:
        """Have it leave in good order; return why it did not."""
        self._child.ask_to_leave()
        try:
            async with asyncio.timeout(patience):
                status = await self._child.wait()
        except TimeoutError:
            return f"does not leave within {patience:g} s of a SIGTERM{self._words()}"
        return "" if status == 0 else await self._how(status, "when it was to leave")

    async def over(self, within: float) -> str:
        """Say how it ended, if it does within so many seconds."""
        try:
            async with asyncio.timeout(within):
                status = await self._child.wait()
        except TimeoutError:
            return ""
        return await self._how(status, "while it was asked")

    async def end(self) -> None:
        """Kill it if it is there; nothing of it is left."""
        await self._child.end()
        for drain in self._drains:
            drain.close()
        self._manager.close()
        self._notify.unlink(missing_ok=True)

    async def _how(self, status: int, when: str) -> str:
        # It is dead and so are its children: what it said is in the pipes.
        for drain in self._drains:
            await drain.finished()
        if status < 0:
            return f"was killed by {signal.Signals(-status).name} {when}{self._words()}"
        if status == _USAGE and all(word in self.said for word in _UNKNOWN_OPTION):
            return "cannot be rehearsed: it is older than rehearsals are"
        if status == _DAMAGED:
            return f"cannot be used (exit status {status}){self._words()}"
        return f"ended with status {status} {when}{self._words()}"

    @property
    def said(self) -> str:
        """What it printed last, for the log of whoever looks into it."""
        return self._said.decode(errors="backslashreplace")

    def _words(self) -> str:
        """Return what it said last, but for hints to people who are not here; of a bug, which it was."""
        if bugs := _EXCEPTION.findall(self.said):
            lines = bugs[-1].split(r"\n")
            return ": " + next(
                filter(None, (line.strip(" |+-") for line in reversed(lines))), "a bug"
            )
        lines = [_LEVEL.sub("", line).strip() for line in self.said.splitlines()]
        lines = [line for line in lines if line and not line.startswith("hint: ")]
        return f": {lines[-1]}" if lines else ""
