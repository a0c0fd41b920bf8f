"""The CLI in the run's cell, and the conversation with it: lines of JSON both ways."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from claude_agent_sdk import CLIConnectionError, ProcessError, Transport

from pmrunnerd.services.agents import lines
from pmrunnerd.services.agents.chunks import Tail
from pmrunnerd.services.cell import Cell, Command, Reach
from pmrunnerd.services.pipes import Drain

# A line: a tool's whole result is one.
LONGEST: Final = 64 << 20
_PATIENCE: Final = 5.0
_MIB: Final = 1 << 20
_END: Final = object()


class CellTransport(Transport):
    """Speaks to a CLI that it starts in a cell. `heard` is called whenever something comes.

    What the CLI says beside its protocol is in `tail`; `is_over` is for us to say: that it has
    nothing more to do.
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
        self._lines: asyncio.Queue[Any] = asyncio.Queue()
        self._rest: list[bytes] = []
        self._length = 0
        self._drains: list[Drain] = []
        self._stdin: socket.socket | None = None
        # Two that send at once would each take the loop's one place to wait for room.
        self._turn = asyncio.Lock()
        self.command: Command | None = None
        self.tail = Tail()
        self.is_over = False

    async def connect(self) -> None:
        """Start the CLI. Raises CannotConfine, NoWorkspace, OSError."""
        command = await self._cell.start(self._argv, self._environment, self._reach)
        assert command.stdin is not None
        self.command = command
        self._stdin = socket.socket(fileno=command.stdin)
        self._stdin.settimeout(0)
        self._drains = [
            Drain(command.stdout, self._feed, over=lambda: self._lines.put_nowait(_END)),
            Drain(command.stderr, lambda data: self.tail.add(data.decode(errors="replace"))),
        ]

    def _feed(self, data: bytes) -> None:
        self._heard()
        first, *others = data.split(b"\n")
        self._rest.append(first)
        self._length += len(first)
        for piece in others:
            self._lines.put_nowait(b"".join(self._rest))
            self._rest, self._length = [piece], len(piece)
        if self._length > LONGEST:
            raise CLIConnectionError(f"the CLI said a line of more than {LONGEST // _MIB} MiB")

    async def write(self, data: str) -> None:
        """Say something to the CLI, after all that was said before."""
        async with self._turn:
            if self._stdin is None:
                raise CLIConnectionError("the CLI does not listen any more")
            try:
                await asyncio.get_running_loop().sock_sendall(self._stdin, data.encode())
            except OSError as exc:
                raise CLIConnectionError(f"the CLI does not listen any more: {exc}") from exc

    async def end_input(self) -> None:
        """Say that nothing more will come, once all that was said is."""
        async with self._turn:
            if self._stdin is not None:
                self._stdin.close()
                self._stdin = None

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the CLI says, until it ends. Raises CLIConnectionError, ProcessError."""
        assert self.command is not None
        while (line := await self._lines.get()) is not _END:
            if line.startswith(b"{"):
                yield _read(line)
            elif line:  # beside its protocol, it prints words now and then
                self.tail.add(line.decode(errors="replace") + "\n")
        for drain in self._drains:
            await drain.finished()
        status = await self.command.wait()
        # One that ends before it was told to will not answer what it was asked, whatever its status.
        if status or self._stdin is not None:
            raise ProcessError("the CLI ended", exit_code=status, stderr=str(self.tail))

    async def close(self) -> None:
        """End the CLI and all that it started, and return when nothing of it is left.

        If its turn is over it is given a moment to write down what it has not yet. In the middle
        of one it would take the silence for an answer to what it asks, and go on.
        """
        if self.is_over and self.command is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self.end_input()
                    await self.command.wait()
        await self.kill()
        await self.end_input()

    async def kill(self) -> None:
        """End it as it is, and return when nothing of it is left."""
        if self.command is not None:
            await self.command.end()
        for drain in self._drains:
            drain.close()

    def is_ready(self) -> bool:
        """Tell whether something can be said."""
        return self._stdin is not None


def _read(line: bytes) -> dict[str, Any]:
    try:
        said: dict[str, Any] = lines.read(line)
    except ValueError as exc:
        raise CLIConnectionError(f"the CLI said what is no JSON: {line[:200]!r}") from exc
    return said
