"""Time, identity and chance: they come in through this door, so that a test can bring its own."""

import secrets
import time
import uuid
from datetime import UTC, datetime


class Clock:
    """The clock of this machine."""

    def __init__(self) -> None:
        self._spelled = (-1, "")

    def now(self) -> str:
        """Return the time as RFC 3339 in UTC with milliseconds: `2026-11-24T12:30:00.123Z`."""
        now = time.time_ns() // 1_000_000
        if now != self._spelled[0]:
            # Spelled once for all commits of a millisecond: a busy store asks for it each time.
            second = datetime.fromtimestamp(now // 1000, UTC)
            self._spelled = (now, f"{second:%Y-%m-%dT%H:%M:%S}.{now % 1000:03}Z")
        return self._spelled[1]

    def posix(self) -> float:
        """Return the time as POSIX seconds, for what is compared with times of files and of records."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring how long something takes."""
        return time.monotonic()

    def token(self) -> str:
        """Return four hexadecimal digits of chance."""
        return secrets.token_hex(2)

    def uuid(self) -> str:
        """Return a new random UUID, such as the name of an agent's session."""
        return str(uuid.uuid4())
