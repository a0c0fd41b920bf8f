"""The web door: the same requests over HTTP, on a loopback port, in the loop of everything else."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from pmrunnerd.api.desk import Desk
from pmrunnerd.api.lobby import LAG
from pmrunnerd.api.sockets import bind_tcp
from pmrunnerd.api.sse import Streams
from pmrunnerd.api.token import token
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.views import Door
from pmrunnerd.services.ports import holder
from pmrunnerd.store.durable import Disk

if TYPE_CHECKING:
    from pmrunnerd.api.httpd import Httpd

log = logging.getLogger(__name__)

# Seconds without a turn of the engine after which we are not ready.
STALE: Final = 10.0


class WebLimits(Struct, frozen=True, kw_only=True):
    """What the door grants. Times are seconds.

    `head` is for the head of a request to come, from its first moment on, `lag` for a follower to
    take what it was sent, `grace` for requests that were accepted when we leave. `connections`
    counts those without a request too. `again` is between two tries to open a port.
    """

    connections: int = 1024
    head: float = 10.0
    lag: float = LAG
    grace: int = 3
    again: float = 5.0


class WebDoor:
    """Listens on `web.host:web.port`, or on sockets that the service manager holds and keeps.

    `turned` returns the loop's time at which the engine last turned. Raises Refused for an address
    that other machines could reach. A port that is taken keeps nobody from working: the door says
    so and tries again. Where we may make no socket, `missing` says why we have none.
    """

    name: Final = "web"

    def __init__(
        self,
        desk: Desk,
        turned: Callable[[], float],
        *,
        listening: Sequence[socket.socket] = (),
        limits: WebLimits | None = None,
        missing: Callable[[], str] | None = None,
    ) -> None:
        self._desk = desk
        self._missing = missing
        self._turned = turned
        self._listening = listening
        self._limits = limits or WebLimits()
        self._host, self._port = desk.settings.web_host, desk.settings.web_port
        if listening:
            self._host, self._port = listening[0].getsockname()[:2]
        self.streams = Streams(self._limits.lag)
        self.ready = asyncio.Event()
        for host in [one.getsockname()[0] for one in listening] or [self._host]:
            if not _is_loopback(host):
                raise Refused(
                    f"cannot listen at {host}: other machines could reach it",
                    hint="set web.host to 127.0.0.1 and come by ssh -L",
                )

    async def serve(self) -> None:
        """Let people in until cancelled; return at once where `web.port` is 0."""
        if self._missing is not None:
            await self._stay_shut(self._missing)
        if self._port == 0 and not self._listening:
            return
        secret, own = await self._open()
        self._show(*own[0].getsockname()[:2])
        with contextlib.ExitStack() as open_still:
            for one in own:
                open_still.enter_context(contextlib.closing(one))
            # In a thread, because the import takes longer than anybody should wait for an answer.
            server = await asyncio.to_thread(self._build, secret)
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(server.serve(sockets=own), name="web: uvicorn")
                self.ready.set()
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    await self._close(server, serving)

    def health(self) -> str:
        """Say what keeps us from working; nothing where nothing does."""
        late = asyncio.get_running_loop().time() - self._turned()
        if late > STALE:
            return f"the engine has not turned for {late:.0f} s"
        return str(self._desk.store.failed or "") or self._desk.problem()

    async def _stay_shut(self, missing: Callable[[], str]) -> None:
        """Show why we have no socket; who finds that out may need a moment longer than we."""
        told = ""
        while True:
            if (why := missing()) != told:
                told = why
                log.warning("cannot open the web door: %s", why)
                self._show(self._host, self._port, why)
            await asyncio.sleep(self._limits.again)

    async def _open(self) -> tuple[str, list[socket.socket]]:
        """Return the token and the sockets, however long it takes until we get them."""
        shown = ""
        while True:
            try:
                secret = token(self._desk.state_directory, Disk())
                return secret, [*self._listening] or [bind_tcp(self._host, self._port)]
            except OSError as exc:
                # Looking for the one who has it means looking at every process; once is enough.
                who = None if shown else holder(self._port)
                why = f"port {self._port} is in use by {who}" if who else str(exc.strerror)
            if not shown:
                shown = f"cannot listen at {self._host}:{self._port}: {why}"
                log.warning("%s; trying again every %.0f s", shown, self._limits.again)
                self._show(self._host, self._port, shown)
            await asyncio.sleep(self._limits.again)

    def _show(self, host: str, port: int, problem: str = "") -> None:
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._desk.doors[self.name] = Door(name=self.name, address=address, problem=problem)

    def _build(self, secret: str) -> "Httpd":
        from pmrunnerd.api.guard import Guard  # noqa: PLC0415 - late: see above
        from pmrunnerd.api.httpd import Httpd  # noqa: PLC0415
        from pmrunnerd.api.routes import application  # noqa: PLC0415

        limits = self._limits
        app = Guard(application(self._desk, self.health, self.streams), secret)
        return Httpd(app, most=limits.connections, head=limits.head, grace=limits.grace)

    async def _close(self, server: "Httpd", serving: asyncio.Task[None]) -> None:
        self.streams.stop()
        server.leave()
        await asyncio.wait([serving])
        self._desk.doors.pop(self.name, None)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
