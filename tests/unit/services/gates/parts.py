"""Gates that are tried here, without a service manager, and how they ended."""

import asyncio
import functools
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pmrunnerd.services.gates import Kind
from pmrunnerd.services.gates.detached import DetachedGates, walls
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.record import Order, Record


def awaited(test: Callable[[Path], Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    """Have a test that waits run in a loop of its own."""

    @functools.wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    return run


async def until(true: Callable[[], object]) -> None:
    """Return once something is true."""
    async with asyncio.timeout(180):
        while not true():  # noqa: ASYNC110 - what another process does tells nobody
            await asyncio.sleep(0.01)


class Here:
    """The gates of one state directory."""

    def __init__(self, state: Path) -> None:
        state.mkdir(exist_ok=True)
        self.place = GatePlace(state / "gates")
        self.place.make()
        self.trier = DetachedGates(state)

    def tree(self, **files: str) -> str:
        """Make a tree of plain files, and return its digest."""
        whole = hashlib.sha256()
        for name, text in sorted(files.items()):
            digest = hashlib.sha256(text.encode()).hexdigest()
            whole.update(f"file {digest} {name}".encode() + b"\0")
        path = self.place.tree(whole.hexdigest())
        path.mkdir(exist_ok=True)
        for name, text in files.items():
            path.joinpath(name).write_text(text)
        return whole.hexdigest()

    def order(self, command: str, **more: Any) -> Order:
        """Return what says that a command is to be tried."""
        more.setdefault("source", self.tree(hello="hello\n"))
        return Order(gate="one", command=command, **{"timeout": 30.0, **more})

    async def begin(self, name: str, command: str, **more: Any) -> None:
        """Have a gate started."""
        order = self.order(command, **more)
        self.place.write(name, order, walls())
        await self.trier.start(name, Kind.NETWORK if order.network else Kind.GATE)

    async def over(self, name: str) -> Record | None:
        """Wait until nobody tries a gate any more; return what is written down of it."""
        async with asyncio.timeout(180):
            while await self.trier.alive(name):  # noqa: ASYNC110 - a lock that is let go tells nobody
                await asyncio.sleep(0.01)
        self.place.tidy(name)
        return self.place.record(name)

    async def tried(self, name: str, command: str, **more: Any) -> Record:
        """Have a gate tried, and return its record."""
        await self.begin(name, command, **more)
        record = await self.over(name)
        assert record is not None, (self.place.path(name) / "launch.log").read_text()
        return record

    def said(self, name: str) -> str:
        """Return what a gate has said."""
        return (self.place.path(name) / "log").read_text()
