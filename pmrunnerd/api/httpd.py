"""uvicorn as the web door runs it: awake when it must be, and left without losing a request.

Import it late: uvicorn takes longer to import than the rest of the daemon takes to start.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any, Final

import uvicorn

from pmrunnerd.api.doorstep import Crowd, doorstep
from pmrunnerd.api.parting import WELCOME, let_nobody_in, until

_CLOSE: Final = (b"connection", b"close")


class Httpd(uvicorn.Server):
    """Serves until `leave`. At most `most` connections; `head` and `grace` are seconds (web).

    `now` returns the seconds since 1970.
    """

    def __init__(
        self,
        app: Any,
        *,
        most: int,
        head: float,
        grace: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._crowd = Crowd(most, heard=self._date)
        self._dated = 0
        self._grace = grace
        self._leaving = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                app,
                http=doorstep(self._crowd, head),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,  # nobody stands between us and who claims to be somebody else
                server_header=False,
                # It would count those who ask nothing, and turn everybody away because of them.
                limit_concurrency=None,
                timeout_keep_alive=30,
            )
        )

    def leave(self) -> None:
        """Have `serve` end once whoever was let in is answered."""
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to main."""
        yield

    async def main_loop(self) -> None:
        """Wait; uvicorn's own looks ten times a second at the clock, and whether it should leave."""
        await self._leaving.wait()

    def _date(self) -> None:
        """Have answers from now on say what time it is, which is looked at when somebody asks."""
        now = int(self._now())
        if now != self._dated:
            self._dated = now
            date = (b"date", formatdate(now, usegmt=True).encode())
            self.server_state.default_headers = [date, *self.config.encoded_headers]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in, answer who has come, hang up.

        uvicorn's own closes whoever it has accepted and not yet heard.
        """
        for server in self.servers:
            await let_nobody_in(server)
        # A client that keeps its connection is told to come again by another one.
        self.config.encoded_headers.append(_CLOSE)
        self.server_state.default_headers.append(_CLOSE)
        await until(self._crowd.moved, WELCOME, lambda: self._crowd.has_all_asked)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await until(self._crowd.moved, self._grace, lambda: not len(self._crowd))
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for server in self.servers:
            server.close()
            # From Python 3.12 on this waits for every client to be gone, and now they are.
            await server.wait_closed()
        for listening in sockets or []:
            listening.close()
