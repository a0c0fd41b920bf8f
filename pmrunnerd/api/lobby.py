"""What the clients of the control socket share, and what one of them may cost."""

import asyncio
from dataclasses import dataclass, field
from typing import Final, Protocol

from msgspec import Struct

from pmrunnerd.api.access import Roles
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.remembered import Remembered
from pmrunnerd.model.errors import Unavailable

# Seconds that a stream with more to tell waits for its follower, by either door.
LAG: Final = 30.0


class Guest(Protocol):
    """A client that is connected. `has_asked` anything yet; bytes `pending` that it has to read."""

    has_asked: bool

    @property
    def pending(self) -> int: ...
    def stop(self) -> None: ...
    def abort(self) -> None: ...


class Limits(Struct, frozen=True, kw_only=True):
    """What one client may cost. Times are seconds.

    `hello` is for the first frame to come whole, `frame` for any other one that has begun,
    `farewell` for taking our last words. `lag` is how long a stream that has more to tell waits for
    its follower to take what it was sent. `turn` is how long one client may keep the loop.
    """

    connections: int = 1024
    in_flight: int = 64
    hello: float = 5.0
    frame: float = 5.0
    farewell: float = 2.0
    lag: float = LAG
    turn: float = 0.01


@dataclass(kw_only=True)
class Lobby:
    """What all connections of a door share. `group` owns the calls that are under way."""

    desk: Desk
    roles: Roles
    limits: Limits
    group: asyncio.TaskGroup
    present: set[Guest] = field(default_factory=set)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    remembered: Remembered = field(default_factory=Remembered)

    def check_room(self) -> None:
        """Raise Unavailable where more are here than we talk to at a time."""
        if len(self.present) > self.limits.connections:
            raise Unavailable(
                f"cannot talk to you: {self.limits.connections} clients are connected already",
                hint="pmrunnerctl --wait 60 status",
            )
