"""Which addresses a notification may reach: public ones, and of the others those that are listed.

A table of our own, since that of the standard library differs from one Python to the next.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# RFC 6890 and what came after: all that is not for everybody.
_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
# What is public of the newer kind is all in here, but for these.
_UNICAST: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
# Where an older address stands in a newer one, and by how many bits from its end.
_HOLDERS: Final = tuple(
    (IPv6Network(network), shift)
    for network, shift in (
        ("::/96", 0),  # compatible, and ::1
        ("::ffff:0:0/96", 0),  # mapped
        ("::ffff:0:0:0/96", 0),  # translated
        ("64:ff9b::/96", 0),  # NAT64
        ("64:ff9b:1::/48", 0),  # NAT64 of a network's own
        ("2002::/16", 80),  # 6to4
    )
)


def listed(words: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that an operator has listed."""
    return tuple(ip_network(word, strict=False) for word in words)


def may_reach(text: str, private: Iterable[Network] = ()) -> bool:
    """Tell whether an address may be connected to, as the system's resolver spells it."""
    address = ip_address(text.partition("%")[0])
    allowed = tuple(private)
    inner = held(address)
    if _is_listed(address, allowed) or (inner is not None and _is_listed(inner, allowed)):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if inner is not None and address in IPv6Network("64:ff9b::/96"):
        # Where a network has no older addresses itself, this is the way to all of them.
        return not any(inner in network for network in _NOT_PUBLIC_4)
    return address in _UNICAST and not any(address in network for network in _NOT_PUBLIC_6)


def held(address: Address) -> IPv4Address | None:
    """Return the older address that a newer one stands for; None where it stands for itself."""
    if isinstance(address, IPv6Address):
        for network, shift in _HOLDERS:
            if address in network:
                return IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return None


def _is_listed(address: Address, private: tuple[Network, ...]) -> bool:
    return any(address.version == one.version and address in one for one in private)
