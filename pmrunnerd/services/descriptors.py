"""How many files and sockets this process may have open, and how the doors share them."""

import resource
from typing import Final

from msgspec import Struct

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
