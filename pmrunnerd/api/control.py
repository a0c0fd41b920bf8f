"""The Unix socket by which `pmrunnerctl` comes in."""

import asyncio
import logging
import socket
import sys
from pathlib import Path
from typing import Any, Final

from pmrunnerd.api.access import Roles
from pmrunnerd.api.connection import Connection
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.lobby import Limits, Lobby
from pmrunnerd.api.parting import WELCOME, let_nobody_in, turns, until
from pmrunnerd.api.sockets import BACKLOG, Mark, bind_unix
from pmrunnerd.model.views import Door

log = logging.getLogger(__name__)

# How long, in seconds, calls that were accepted may take when we leave.
GRACE: Final = 5.0
# Whom we let in at a time, so that those who are told that there is no room are gone before the
# next ones come, and cost no more descriptors than the store can spare.
BURST: Final = 32
# From Python 3.13 on a server removes its file by itself, also that of the service manager.
_KEEP_FILE: Final[dict[str, Any]] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}


class ControlDoor:
    """Listens at a path, or on a socket that the service manager holds and keeps.

    `name` is what the socket is called by those who look at the doors. `bind` it early if you like: callers then wait until `serve` lets them in. `serve` runs until
    it is cancelled; then nobody new is let in, what was accepted is answered, streams are closed.
    """

    def __init__(  # noqa: PLR0913 - where, for whom, and how many
        self,
        desk: Desk,
        path: Path,
        roles: Roles,
        *,
        name: str = "control",
        listening: socket.socket | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self._desk = desk
        self._path = path
        self._roles = roles
        self._listening = listening
        self._limits = limits or Limits()
        self._mark: Mark | None = None
        self.ready = asyncio.Event()

    def bind(self) -> None:
        """Begin to listen. Raises Refused where somebody else does."""
        if self._listening is None:
            self._listening = bind_unix(self._path)
            self._mark = Mark(self._path)
        self._desk.doors[self.name] = Door(name=self.name, address=str(self._path))

    async def serve(self) -> None:
        """Let people in until cancelled. Raises Refused where it cannot listen."""
        self.bind()
        assert self._listening is not None
        async with asyncio.TaskGroup() as group:
            self.lobby = lobby = Lobby(
                desk=self._desk, roles=self._roles, limits=self._limits, group=group
            )
            server = await asyncio.get_running_loop().create_unix_server(
                lambda: Connection(lobby), sock=self._listening, backlog=BURST, **_KEEP_FILE
            )
            # asyncio has one number for both: how many it lets in at a time, and how many wait.
            self._listening.listen(BACKLOG)
            self.ready.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await self._close(server, lobby)

    async def _close(self, server: asyncio.Server, lobby: Lobby) -> None:
        if self._mark is not None:
            # The file first: who comes now is told that nobody is there, and not hung up on.
            self._mark.remove()
            await turns()  # who has come already is let in: nobody listens here after us
        await let_nobody_in(server)
        server.close()
        await until(lobby.moved, WELCOME, lambda: all(c.has_asked for c in lobby.present))
        for connection in list(lobby.present):
            connection.stop()
        await until(lobby.moved, GRACE, lambda: not lobby.present)
        for connection in list(lobby.present):
            log.warning("a client of the %s socket did not let us go; hung up on it", self.name)
            connection.abort()
        # From Python 3.12 on this waits for every client to be gone, and now they are.
        await server.wait_closed()
        del self._desk.doors[self.name]
