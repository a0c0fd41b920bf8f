"""How many files and sockets this process may have open, and how the doors share them."""

import asyncio
import errno
import logging
import resource
from typing import Any, Final

from msgspec import Struct

log = logging.getLogger(__name__)

# More than this we have no use for, however much the system would give.
WANTED: Final = 8192
# For the store, its lock, runs and their watches, and whoever is told that there is no room.
RESERVE: Final = 256
MOST_CONTROL: Final = 2048
MOST_WEB: Final = 2048


class Share(Struct, frozen=True, kw_only=True):
    """Connections that each door may hold at a time."""

    control: int
    web: int


def raise_limit(wanted: int = WANTED) -> int:
    """Raise the soft limit towards the hard one, never lower it; return how many we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited:
        return wanted
    most = wanted if hard == unlimited else min(hard, wanted)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most, soft)


def share(descriptors: int) -> Share:
    """Return what the doors may take of so many: never what the store needs to go on."""
    left = descriptors - min(RESERVE, descriptors // 2)
    control = max(1, min(MOST_CONTROL, left * 2 // 3))
    return Share(control=control, web=max(1, min(MOST_WEB, left - control)))


class Shortage:
    """An exception handler of the loop: says in words that nobody can be let in, once a second.

    Those who come wait meanwhile; asyncio tries again a second later. Up to Python 3.11 it reports
    one moment many times. Any other trouble is left to asyncio.
    """

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        trouble = context.get("exception")
        if not (isinstance(trouble, OSError) and trouble.errno in (errno.EMFILE, errno.ENFILE)):
            loop.default_exception_handler(context)
        elif loop.time() >= self._quiet_until:
            self._quiet_until = loop.time() + 1.0
            log.warning("cannot let anybody in for a second: %s", (trouble.strerror or "").lower())
