"""What a sandbox's processes may not ask of the kernel: what no namespace keeps from them.

A program for seccomp, which bubblewrap loads into everything that it starts. It is a short list of
what was seen to lead out, and no attempt to guess at what else might.
"""

import contextlib
import errno
import os
import platform
import struct
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

_CLONE_NEWCGROUP: Final = 0x02000000
_AF_VSOCK: Final = 40
# Numbers from here on are those of another calling convention of the same machine (x32).
_OTHERS: Final = 0x40000000
# Where the kernel puts number, architecture and the lower half of the first argument.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST: Final = 16
_LOAD: Final = 0x20
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_IF_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000


class Numbers(Struct, frozen=True, kw_only=True):
    """What one architecture calls itself, and the calls that are looked at."""

    architecture: int
    keys: tuple[int, int, int]
    clone: int
    unshare: int
    socket: int
    # Of all architectures since 5.3.
    clone3: int = 435
    io_uring_setup: int = 425


_MACHINES: Final = {
    "x86_64": Numbers(
        architecture=0xC000003E, keys=(248, 249, 250), clone=56, unshare=272, socket=41
    ),
    "aarch64": Numbers(
        architecture=0xC00000B7, keys=(217, 218, 219), clone=220, unshare=97, socket=198
    ),
}


def rules(machine: str = platform.machine()) -> bytes:
    """Return the program; empty for a machine whose numbers nobody has looked up."""
    numbers = _MACHINES.get(machine)
    return b"" if numbers is None else b"".join(_program(numbers))


@contextlib.contextmanager
def lent(program: bytes) -> Iterator[int | None]:
    """Lend a file that holds a program, for bubblewrap to read; None for an empty one."""
    if not program:
        yield None
        return
    with open(os.memfd_create("rules"), "w+b", buffering=0) as file:  # noqa: PTH123
        file.write(program)
        file.seek(0)
        yield file.fileno()


def _program(numbers: Numbers) -> list[bytes]:
    absent = errno.ENOSYS
    return [
        _step(_LOAD, _ARCHITECTURE),
        _step(_IF_EQUAL, numbers.architecture, yes=1),
        _step(_RETURN, _ERRNO | absent),
        _step(_LOAD, _NUMBER),
        _step(_IF_AT_LEAST, _OTHERS, no=1),
        _step(_RETURN, _ERRNO | absent),
        # Keys of whoever started the daemon: the session's keyring is inherited.
        *(step for number in numbers.keys for step in _refuse(number, absent)),
        # It would make sockets without asking for them. Whoever wants it goes on without it.
        *_refuse(numbers.io_uring_setup, absent),
        # Its flags lie in memory, where they cannot be seen; the C library then asks for `clone`.
        *_refuse(numbers.clone3, absent),
        *_refuse_flag(numbers.clone, _CLONE_NEWCGROUP),
        *_refuse_flag(numbers.unshare, _CLONE_NEWCGROUP),
        # The hypervisor, and whatever listens there: no network namespace keeps it away.
        *_when(
            numbers.socket,
            [
                _step(_LOAD, _FIRST),
                _step(_IF_EQUAL, _AF_VSOCK, no=1),
                _step(_RETURN, _ERRNO | errno.EAFNOSUPPORT),
            ],
        ),
        _step(_RETURN, _ALLOW),
    ]


def _refuse(number: int, error: int) -> list[bytes]:
    return [_step(_IF_EQUAL, number, no=1), _step(_RETURN, _ERRNO | error)]


def _refuse_flag(number: int, flag: int) -> list[bytes]:
    """Refuse a cgroup namespace: in it cgroup2 can be mounted, and what it holds be killed."""
    return _when(
        number,
        [
            _step(_LOAD, _FIRST),
            _step(_IF_ANY_BIT, flag, no=1),
            _step(_RETURN, _ERRNO | errno.EPERM),
        ],
    )


def _when(number: int, steps: Sequence[bytes]) -> list[bytes]:
    """Take steps for one call, which may look at its argument, and allow it where they end."""
    return [
        _step(_IF_EQUAL, number, no=len(steps) + 1),
        *steps,
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
