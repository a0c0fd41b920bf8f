"""Connects to a host whose name was resolved once, and whose address was looked at: to that very address.

A name that is resolved a second time may lead elsewhere by then.
"""

import socket
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from pmrunnerd.model.notices import Address
from pmrunnerd.notify.reach import Network, may_reach

# Seconds that one address may take to answer at all.
CONNECT: Final = 10.0
_MOST_HEAD: Final = 16 << 10
_OK: Final = 200
_STATUS_PARTS: Final = 2


class Unreachable(Exception):
    """Why nothing was sent; another try may help."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


class Forbidden(Unreachable):
    """Nothing may be sent there; another try would end the same."""


def connect(to: Address, private: Sequence[Network], through: Address | None) -> socket.socket:
    """Return a connection on which a request for `to` is written. Raises Unreachable.

    `through` a proxy it is the proxy that resolves names: who sets one trusts it.
    """
    if through is None:
        line = _connect(to, private)
    else:
        if not _is_name(to.host) and not may_reach(to.host, private):
            raise _forbidden(to.host, [to.host])
        line = _connect(through, private)
    try:
        if through is not None:
            _ask_for(line, to)
        return line if to.scheme == "http" else _secured(line, to.host)
    except BaseException:
        line.close()
        raise


def resolve(to: Address, private: Sequence[Network]) -> list[str]:
    """Return the addresses of a host that may be reached, in the resolver's order."""
    try:
        found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is no name"
        raise Unreachable(f"cannot resolve {to.host}: {why}", f"getent hosts {to.host}") from exc
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = [address for address in addresses if may_reach(address, private)]
    if not allowed:
        raise _forbidden(to.host, addresses)
    return allowed


def _connect(to: Address, private: Sequence[Network]) -> socket.socket:
    problem = f"cannot connect to {to.host}"
    for address in resolve(to, private):
        try:
            return socket.create_connection((address, to.port), CONNECT)
        except OSError as exc:
            why = exc.strerror or str(exc)
            problem = f"cannot connect to {to.host} at {address}, port {to.port}: {why}"
    raise Unreachable(problem)


def _forbidden(host: str, addresses: Sequence[str]) -> Forbidden:
    first = addresses[0].partition("%")[0]
    named = first if first == host else f"{host}, which is {first}"
    return Forbidden(
        f"cannot send to {named}: that is no public address, and not listed in notify.private",
        f'private = "{first}"   # under [notify], where it may be reached',
    )


def _is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _secured(line: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(line, server_hostname=host)
    except ssl.SSLCertVerificationError as exc:
        raise Forbidden(
            f"cannot trust {host}: {exc.verify_message}", f"openssl s_client -connect {host}:443"
        ) from exc
    except OSError as exc:
        raise Unreachable(f"cannot speak TLS to {host}: {exc.strerror or exc}") from exc


def _ask_for(line: socket.socket, to: Address) -> None:
    """Have a proxy connect us, as CONNECT of RFC 9110 says."""
    host = f"[{to.host}]" if ":" in to.host else to.host
    try:
        line.sendall(
            f"CONNECT {host}:{to.port} HTTP/1.1\r\nHost: {host}:{to.port}\r\n\r\n".encode()
        )
        head = b""
        # One byte at a time: what comes after the head is TLS, and not ours to read.
        while not head.endswith(b"\r\n\r\n") and len(head) < _MOST_HEAD and (byte := line.recv(1)):
            head += byte
    except OSError as exc:
        raise Unreachable(f"cannot speak to the proxy: {exc.strerror or exc}") from exc
    words = head.decode("latin-1").partition("\r\n")[0].split(None, _STATUS_PARTS)
    if len(words) < _STATUS_PARTS or words[1] != str(_OK):
        said = " ".join(words[1:]) or "nothing"
        raise Unreachable(f"cannot reach {to.host}: the proxy said {said}")
