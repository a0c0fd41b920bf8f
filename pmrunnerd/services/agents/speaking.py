"""A program in a run's cell that is spoken to: lines both ways."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM
from typing import Any, Final

from pmrunnerd.services.agents import lines
from pmrunnerd.services.agents.chunks import Tail
from pmrunnerd.services.cell import Cell, Command, Reach
from pmrunnerd.services.pipes import Drain

# A line: a tool's whole result is one.
LONGEST: Final = 64 << 20
_PATIENCE: Final = 5.0
# What one gets of that, in seconds, where a run is to end: it has more to do then, in little time.
HASTE: Final = 1.0
_MIB: Final = 1 << 20
# What a sandbox adds to the number of a signal.
_SIGNALLED: Final = 128
_FROM_OUTSIDE: Final = frozenset({SIGHUP, SIGINT, SIGKILL, SIGTERM})


class Unheard(ConnectionError):
    """What is said is not heard, in one direction or the other; the text begins with a verb."""


class Lines:
    """Speaks to a program that it starts in a cell. `heard` is called whenever something comes.

    What the program says beside its protocol is in `tail`.
    """

    def __init__(
        self,
        cell: Cell,
        argv: Sequence[str],
        environment: Mapping[str, str],
        reach: Reach,
        *,
        heard: Callable[[], None],
    ) -> None:
        self._cell = cell
        self._argv = argv
        self._environment = environment
        self._reach = reach
        self._heard = heard
        self._whole: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._rest: list[bytes] = []
        self._length = 0
        self._drains: list[Drain] = []
        self._stdin: socket.socket | None = None
        # Two that send at once would each take the loop's one place to wait for room.
        self._turn = asyncio.Lock()
        self.command: Command | None = None
        self.tail = Tail()

    @property
    def listens(self) -> bool:
        """Whether something can be said."""
        return self._stdin is not None

    async def start(self) -> None:
        """Start the program. Raises CannotConfine, NoWorkspace, OSError."""
        command = await self._cell.start(self._argv, self._environment, self._reach)
        assert command.stdin is not None
        self.command = command
        self._stdin = socket.socket(fileno=command.stdin)
        self._stdin.settimeout(0)
        self._drains = [
            Drain(command.stdout, self._feed, over=lambda: self._whole.put_nowait(None)),
            Drain(command.stderr, lambda data: self.tail.add(data.decode(errors="replace"))),
        ]

    def _feed(self, data: bytes) -> None:
        self._heard()
        first, *others = data.split(b"\n")
        self._rest.append(first)
        self._length += len(first)
        for piece in others:
            self._whole.put_nowait(b"".join(self._rest))
            self._rest, self._length = [piece], len(piece)
        if self._length > LONGEST:
            raise Unheard(f"said a line of more than {LONGEST // _MIB} MiB")

    async def say(self, data: bytes) -> None:
        """Say something to the program, after all that was said before. Raises Unheard."""
        async with self._turn:
            if self._stdin is None:
                raise Unheard("does not listen any more")
            try:
                await asyncio.get_running_loop().sock_sendall(self._stdin, data)
            except OSError as exc:
                raise Unheard(f"does not listen any more: {exc}") from exc

    async def hush(self) -> None:
        """Let the program know that nothing more will be said, once all that was said is."""
        async with self._turn:
            if self._stdin is not None:
                self._stdin.close()
                self._stdin = None

    async def next(self) -> bytes | None:
        """Return the next line, without its end; None once there will be no more."""
        return await self._whole.get()

    async def message(self) -> dict[str, Any] | None:
        """Return the next message, an object of JSON; None once there will be no more.

        What else it prints, words now and then, goes by, and into the tail.
        """
        while (line := await self.next()) is not None:
            with contextlib.suppress(ValueError):
                said = lines.read(line)
                if isinstance(said, dict):
                    return said
            if line.strip():
                self.tail.add(line.decode(errors="replace") + "\n")
        return None

    async def ended(self) -> int:
        """Return the exit status of a program that says no more. Raises Unheard."""
        assert self.command is not None
        for drain in self._drains:
            await drain.finished()
        return await self.command.wait()

    async def close(self, *, at_once: bool = False, soon: bool = False) -> None:
        """End the program and all that it started, and return when nothing of it is left.

        Unless that is to be `at_once`, it is told that nothing more will be said, and is given a
        moment to write down what it has not yet of the conversation: a short one if it is `soon`.
        """
        try:
            if self.command is not None and not at_once:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HASTE if soon else _PATIENCE):
                        await self.hush()
                        await self.command.wait()
        finally:
            # Until Python 3.11.4 one that is being cancelled is so once more when that time is over.
            await self.kill()
            await self.hush()

    async def kill(self) -> None:
        """End it as it is, and return when nothing of it is left."""
        if self.command is not None:
            await self.command.end()
        for drain in self._drains:
            drain.close()


def killed_by(status: int) -> int:
    """Return the signal by which somebody ended a program; 0 where its exit status tells of none.

    A crash of its own, such as SIGSEGV, is none: it would crash again.
    """
    number = -status if status < 0 else status - _SIGNALLED
    return number if number in _FROM_OUTSIDE else 0
