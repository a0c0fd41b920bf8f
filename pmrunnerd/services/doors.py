"""Whether one is let in at a web door: tried, for what keeps somebody out is known to the kernel alone."""

import asyncio
from typing import Final

# Seconds, of a door on this machine.
_PATIENCE: Final = 5.0


async def is_open(address: str) -> bool:
    """Connect to HOST:PORT and leave at once; tell whether that was possible."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True
