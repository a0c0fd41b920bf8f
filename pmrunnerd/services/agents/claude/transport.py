"""The CLI in the run's cell, and the conversation with it: lines of JSON both ways."""

from collections.abc import AsyncIterator
from typing import Any

from claude_agent_sdk import CLIConnectionError, ProcessError, Transport

from pmrunnerd.services.agents.chunks import Tail
from pmrunnerd.services.agents.speaking import Lines, Unheard
from pmrunnerd.services.cell import Command


class CellTransport(Transport):
    """Speaks to a CLI that it starts.

    `is_over` is for us to say: that it has nothing more to do.
    """

    def __init__(self, program: Lines) -> None:
        self._lines = program
        self.is_over = False

    @property
    def command(self) -> Command | None:
        """The CLI, once it was started."""
        return self._lines.command

    @property
    def tail(self) -> Tail:
        """What the CLI said beside its protocol."""
        return self._lines.tail

    async def connect(self) -> None:
        """Start the CLI. Raises CannotConfine, NoWorkspace, OSError."""
        await self._lines.start()

    async def write(self, data: str) -> None:
        """Say something to the CLI, after all that was said before."""
        try:
            await self._lines.say(data.encode())
        except Unheard as exc:
            raise CLIConnectionError(f"the CLI {exc}") from exc

    async def end_input(self) -> None:
        """Say that nothing more will come, once all that was said is."""
        await self._lines.hush()

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the CLI says, until it ends. Raises CLIConnectionError, ProcessError."""
        while (message := await self._lines.message()) is not None:
            yield message
        try:
            status = await self._lines.ended()
        except Unheard as exc:
            raise CLIConnectionError(f"the CLI {exc}") from exc
        # One that ends before it was told to will not answer what it was asked, whatever its status.
        if status or self._lines.listens:
            raise ProcessError("the CLI ended", exit_code=status, stderr=str(self.tail))

    async def close(self) -> None:
        """End the CLI and all that it started, and return when nothing of it is left.

        If its turn is over it is given a moment to write down what it has not yet. In the middle
        of one it would take the silence for an answer to what it asks, and go on.
        """
        await self._lines.close(at_once=not self.is_over)

    async def kill(self) -> None:
        """End it as it is, and return when nothing of it is left."""
        await self._lines.kill()

    def is_ready(self) -> bool:
        """Tell whether something can be said."""
        return self._lines.listens
