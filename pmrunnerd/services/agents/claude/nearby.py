"""Whether a web address leads to this machine or its neighbours, where no tool of an agent may go.

Behind them are the doors of daemons, and of whatever else trusts who is near. Nobody can allow it.
"""

import asyncio
import re
import socket
from ipaddress import ip_address
from typing import Final

# Nothing that two readers could take for two hosts: no user, no escapes, no backslash, no blanks.
_PLAIN: Final = re.compile(
    r"https?://(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[0-9a-z._-]+))(?::[0-9]*)?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)


async def is_near(url: str) -> bool:
    """Tell whether any address of a URL's host is no public one, or the URL does not say plainly whose it is.

    A name that cannot be found here is not near: where only a proxy finds names, it goes there.
    """
    found = _PLAIN.fullmatch(url)
    if found is None:
        return True
    host = str(found["six"] or found["name"]).rstrip(".")
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return "." not in host
    return any(_is_near(str(address[0])) for *_, address in answers)


def _is_near(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    real = address if mapped is None else mapped
    return real.is_multicast or not real.is_global
