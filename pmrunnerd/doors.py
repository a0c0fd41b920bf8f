"""The doors of one daemon: on sockets that the service manager holds, else on sockets of our own."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Final

from pmrunnerd.api.access import roles
from pmrunnerd.api.control import ControlDoor
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.lobby import Limits
from pmrunnerd.api.web import WebDoor, WebLimits
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.protocol import Access
from pmrunnerd.options import Options
from pmrunnerd.services.descriptors import Share

CONTROL: Final = "control"
READ: Final = "read"
WEB: Final = "web"
# Beside the control socket: why the service manager has no socket for the web door.
WHY_NOT: Final = "web.problem"


def listening(held: Mapping[str, socket.socket]) -> tuple[str, ...]:
    """Return each address of the web door of those that the service manager holds, as HOST:PORT."""
    found = (one.getsockname() for one in _of_the_web(held))
    return tuple(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port, *_ in found
    )


def _of_the_web(held: Mapping[str, socket.socket]) -> list[socket.socket]:
    """Return all sockets of the web door: its unit has one for each `ListenStream=`."""
    return [one for name, one in held.items() if name.partition(":")[0] == WEB]


class Doors:
    """Opened together, and left together. `held` are sockets by the name that the manager gives them.

    They stay the manager's: who connects while we are away waits in them for the next daemon. Where
    it holds any, we make none: a daemon that it has sealed could not.
    """

    def __init__(
        self,
        desk: Desk,
        options: Options,
        turned: Callable[[], float],
        *,
        held: Mapping[str, socket.socket],
        files: Share,
    ) -> None:
        self._options = options
        known = {name: held[name].dup() for name in (CONTROL, READ) if name in held}
        web = [one.dup() for one in _of_the_web(held)]
        try:
            self._build(desk, turned, known, web, files)
        except Refused:
            for one in (*known.values(), *web):
                one.close()
            raise

    def _build(
        self,
        desk: Desk,
        turned: Callable[[], float],
        known: Mapping[str, socket.socket],
        web: list[socket.socket],
        files: Share,
    ) -> None:
        options, everybody = self._options, roles()
        # What one of them could have is shared by two.
        limits = Limits(connections=max(1, files.control // (2 if READ in known else 1)))
        self._control = ControlDoor(
            desk, options.socket, everybody, listening=known.get(CONTROL), limits=limits
        )
        self._doors: list[ControlDoor | WebDoor] = [self._control]
        if READ in known:
            path = options.socket.with_name("read.sock")
            only = everybody.at_most(Access.READ)
            self._doors.append(
                ControlDoor(desk, path, only, name=READ, listening=known[READ], limits=limits)
            )
        self._doors.append(
            WebDoor(
                desk,
                turned,
                listening=web,
                limits=WebLimits(connections=files.web),
                missing=self._why_not if known and not web else None,
            )
        )

    def bind(self) -> None:
        """Begin to listen: callers wait until `serve` lets them in. Raises Refused."""
        self._control.bind()

    async def ready(self) -> None:
        """Return once those who use the control socket are let in."""
        await self._control.ready.wait()

    async def serve(self) -> None:
        """Let people in until cancelled; then each door is left, all at the same time."""
        async with asyncio.TaskGroup() as group:
            for door in self._doors:
                group.create_task(door.serve(), name=f"{door.name} door")

    def _why_not(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return self._options.socket.with_name(WHY_NOT).read_text(errors="replace").strip()
        return "the service manager holds no socket for it"
