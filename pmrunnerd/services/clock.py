"""Time, identity and chance: they come in through this door, so that a test can bring its own."""

import secrets
import time
import uuid
from datetime import UTC, datetime


class Clock:
    """The clock of this machine."""

    def now(self) -> str:
        """Return the time as RFC 3339 in UTC with milliseconds: `2026-11-24T12:30:00.123Z`."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring how long something takes."""
        return time.monotonic()

    def token(self) -> str:
        """Return four hexadecimal digits of chance."""
        return secrets.token_hex(2)

    def uuid(self) -> str:
        """Return a new random UUID, such as the name of an agent's session."""
        return str(uuid.uuid4())
