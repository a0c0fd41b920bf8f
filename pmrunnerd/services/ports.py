"""Who holds a port or a socket that we want: the answer that spares an operator a search.

Standard library only, and nothing of the house: `packaging/quickstart` asks before anything is
installed (`python -m pmrunnerd.services.ports 3503`), with the same code as the daemon.
"""

import errno
import os
import pwd
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

LOOPBACK: Final = "127.0.0.1"
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING: Final = "0A"
_LOOPBACK: Final = f"{int.from_bytes(socket.inet_aton(LOOPBACK), sys.byteorder):08X}"
_WIDTH: Final = 160  # of a command; some have pages of arguments


class Holder(NamedTuple):
    """The process that holds an address; without pid where only its user may be known."""

    pid: int | None
    command: str
    user: str

    def __str__(self) -> str:
        """Say it as the middle of a sentence: `… is in use by pid 412 (python3 -m http.server)`."""
        if self.pid is None:
            return f"a process of user {self.user} that you may not see"
        return f"pid {self.pid} ({self.command})"


def holder(port: int) -> Holder | None:
    """Return who keeps us from listening on a port of the loopback address; None if it is free.

    The kernel is asked first, because only it knows which addresses are in each other's way. What
    it refuses for another reason (a port below 1024) is not held by anybody: None.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as asyncio will
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return None
        else:
            return None
    sockets = dict(_sockets_on(port))
    for pid in _processes():
        if sockets.keys() & _sockets_of(pid):
            return _process(pid)
    return Holder(pid=None, command="", user=_name(next(iter(sockets.values()), None)))


def keeper(path: Path) -> Holder | None:
    """Return who answers at a Unix socket; None if nobody does, whether or not a file is there."""
    directory = None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(0)
        try:
            # By way of the directory, since a socket's address may have 107 bytes and no more.
            directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
            caller.connect(f"/proc/self/fd/{directory}/{path.name}")
            packed = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except (BlockingIOError, PermissionError):  # too busy for us, or not for us: somebody
            return Holder(pid=None, command="", user=_owner(path))
        finally:
            if directory is not None:
                os.close(directory)
    pid, uid, _ = struct.unpack("3i", packed)
    return _process(pid) if pid else Holder(pid=None, command="", user=_name(uid))


def _sockets_on(port: int) -> Iterator[tuple[str, int]]:
    """Yield inode and owner of each socket that is bound to a port; the listening ones if any."""
    rows = []
    for table in _TABLES:
        if table.exists():
            rows += [line.split() for line in table.read_text().splitlines()[1:]]
    here = [row for row in rows if _in_our_way(row[1], port)]
    for row in [row for row in here if row[3] == _LISTENING] or here:
        yield row[9], int(row[7])


def _in_our_way(local: str, port: int) -> bool:
    """Tell whether `0100007F:0DAF` is this port of the loopback address or of all addresses."""
    address, _, number = local.partition(":")
    return int(number, 16) == port and (address.endswith(_LOOPBACK) or not address.strip("0"))


def _processes() -> list[int]:
    """Return every pid, the oldest first, and init last: it may hold a socket for another."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return sorted(pids, key=lambda pid: (pid == 1, pid))


def _sockets_of(pid: int) -> set[str]:
    inodes = set()
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    except OSError:  # it ended while we looked, or it is not ours to see
        return inodes
    return inodes


def _process(pid: int) -> Holder:
    """Describe a process; one that ended meanwhile, or hides, by what is left of it."""
    directory = Path(f"/proc/{pid}")
    try:
        words = directory.joinpath("cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
        command = words.decode(errors="replace")[:_WIDTH] or "a kernel thread"
        # It goes to a terminal, and whoever started the process chose these characters.
        shown = "".join(c if c.isprintable() else "?" for c in command)
        return Holder(pid=pid, command=shown, user=_name(directory.stat().st_uid))
    except OSError:
        return Holder(pid=pid, command="ended meanwhile", user=_name(None))


def _owner(path: Path) -> str:
    try:
        return _name(path.stat().st_uid)
    except OSError:
        return _name(None)


def name_of(uid: int) -> str:
    """Return the name of a user; nothing where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _name(uid: int | None) -> str:
    return "unknown" if uid is None else name_of(uid) or str(uid)


if __name__ == "__main__":
    wanted = sys.argv[1]
    found = holder(int(wanted)) if wanted.isdigit() else keeper(Path(wanted))
    sys.stdout.write(f"{found}\n" if found else "")
