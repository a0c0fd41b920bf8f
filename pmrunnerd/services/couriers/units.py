"""A courier that is a unit of systemd, `pm-runner-notify@ENV-ID.service`: another user's, sealed otherwise.

The daemon listens on a socket of its own for each; the unit connects to it. Anybody may knock there,
so it is the manager who says which process the unit is, and the kernel which one has knocked.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.model.notices import Order, Word
from pmrunnerd.services import process
from pmrunnerd.services.couriers import BEGIN, END, talk
from pmrunnerd.services.systemctl import Systemctl

# Where the unit of each environment looks: RuntimeDirectory= of the daemon's unit.
PLACE: Final = Path("/run/pm-runner-notify")
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid of who connected


class Units:
    """Has orders of one environment carried out by units. `place` is where their sockets are."""

    def __init__(
        self, environment: str, *, place: Path | None = None, path: str | None = None
    ) -> None:
        self._environment = environment
        self._place = place or PLACE / environment
        self._systemctl = Systemctl(path or os.environ.get("PATH", process.PATH))

    def unit(self, name: str) -> str:
        """Return what the manager calls a courier."""
        return f"pm-runner-notify@{self._environment}-{name}.service"

    async def carry(self, order: Order) -> Word:
        """Have it carried out. Raises Unavailable, OSError."""
        name = secrets.token_hex(6)
        unit = self.unit(name)
        with self._listening(name) as door:
            await self._systemctl.start(unit)
            try:
                with await self._let_in(door, unit) as line:
                    return await talk.give(line, order, END)
            except Unavailable as exc:
                # One that says nothing is not waited for; all others end by themselves.
                with contextlib.suppress(PmError, TimeoutError):
                    await self._systemctl.stop(unit, total=BEGIN)
                raise Unavailable(str(exc), hint=f"journalctl -u {unit}") from exc

    @contextmanager
    def _listening(self, name: str) -> Iterator[socket.socket]:
        path = self._place / name
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(0)
            door.bind(os.fspath(path))
            try:
                # Its user is not known before it is there.
                path.chmod(0o666)
                door.listen()
                yield door
            finally:
                path.unlink(missing_ok=True)

    async def _let_in(self, door: socket.socket, unit: str) -> socket.socket:
        """Return the line of the unit's own process; whoever else knocks is told nothing."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(BEGIN):
                while True:
                    line, _ = await loop.sock_accept(door)
                    if _who(line) == self._systemctl.show(unit).pid:
                        return line
                    line.close()
                    # Where one waits already, accepting waits for nothing: whoever knocks without an end
                    # would have all of the daemon, and nobody would look at the clock.
                    await asyncio.sleep(0)
        except TimeoutError:
            raise Unavailable(f"cannot notify: {unit} did not come for its order") from None


def _who(line: socket.socket) -> int:
    size = _CREDENTIALS.size
    pid, _, _ = _CREDENTIALS.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(pid)
