"""One deadline at a time: what happens unless it is taken back before."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Set it, stop it, set it again; only the last one counts."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Tell whether something will happen."""
        return self._timer is not None

    def set(self, seconds: float, then: Callable[[], None]) -> None:
        """Call `then` in so many seconds."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def stop(self) -> None:
        """Call nobody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
