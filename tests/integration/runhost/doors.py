"""Doors that an agent could knock at, with somebody at each, and the programs that knock."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_CONNECT = "import socket; socket.socket(socket.{family}).connect({address})"


@contextlib.contextmanager
def doors(state: Path) -> Iterator[dict[str, str]]:
    """Have somebody at every door that an agent could knock at."""
    with contextlib.ExitStack() as stack:
        four = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        six = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        named = stack.enter_context(socket.socket(socket.AF_UNIX))
        # The shortest way: an address may have 107 bytes.
        here = os.open(state, os.O_PATH)
        stack.callback(os.close, here)
        named.bind(f"/proc/self/fd/{here}/control.sock")
        named.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0pm-test-{os.getpid()}")
        abstract.listen()
        name = f"bytes(1) + b'pm-test-{os.getpid()}'"
        yield {
            "four": _CONNECT.format(family="AF_INET", address=four.getsockname()),
            "six": _CONNECT.format(family="AF_INET6", address=six.getsockname()[:2]),
            "named": _CONNECT.format(family="AF_UNIX", address="'control.sock'"),
            "abstract": _CONNECT.format(family="AF_UNIX", address=name),
        }
