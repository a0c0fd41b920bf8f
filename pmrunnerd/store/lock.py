"""One daemon per state: a lock that the kernel lets go when its holder dies, and who holds it.

The file also remembers how far the journal had come when it was last opened, so that a journal
that lost its end, or all of it, is not taken for a shorter one. A checksum of what is before it is
its last field: a JSON object all the same, which older releases read as well.
"""

import contextlib
import logging
import os
import pwd
import time
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from pmrunnerd.model.errors import Refused
from pmrunnerd.store.durable import Disk

log: Final = logging.getLogger(__name__)
# Always this long, padded with spaces: written over in place, it needs no room on a full disk.
_SIZE: Final = 512
_SUM: Final = b',"sum":"'
# Who has the lock writes over it while others read, who may meet half of that: a copy of _SIZE bytes
# in the kernel, as long as its thread is not set aside in the middle.
_READS: Final = 5
_PAUSE: Final = 0.001  # seconds


class Holder(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who opened the state, when, and which commit it had reached then.

    `stopped`: it left because somebody wanted it to stop, and nobody said that another is to come.
    `sum` is the crc32 of all before it, and empty where a release before that had one wrote it.
    """

    pid: int
    by: str
    at: str
    release: str
    seq: int = 0
    stopped: bool = False
    sum: str = ""  # stays the last one


class Lock:
    """`state/lock`, held from construction until `close`. Raises Refused if another has it."""

    def __init__(self, path: Path, *, at: str, release: str, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._file = disk.open(path, "create")
        try:
            before = self._take()
        except BaseException:
            disk.close(self._file)
            raise
        self.seen = before.seq if before else 0
        # What a power cut leaves of it; what was found may be of a daemon that was killed just now.
        self._kept = 0
        self._holder = Holder(pid=os.getpid(), by=_user(), at=at, release=release, seq=self.seen)
        self.note(self.seen)

    def note(self, seq: int) -> None:
        """Remember that the journal reaches this commit, which must be durable by now."""
        self._remember(seq)
        # What we say about ourselves must not stop us, on a full disk least of all.
        with contextlib.suppress(OSError):
            self._write()

    def part(self) -> None:
        """Let clients know, from the next `note` on, that nobody comes after us by himself."""
        self._holder = msgspec.structs.replace(self._holder, stopped=True)

    def reach(self, seq: int) -> None:
        """Remember it durably, if not more is, before what proves it goes. Raises OSError."""
        if max(seq, self.seen) > self._kept:
            self.begin_anew(max(seq, self.seen))

    def begin_anew(self, seq: int) -> None:
        """Remember durably that the journal is another one, and how far that reaches. Raises OSError.

        A power cut must not bring back what a journal before this one had reached: this one may be
        shorter.
        """
        self._remember(seq)
        self._write()
        self._disk.sync(self._file)
        self._kept = seq

    def close(self) -> None:
        """Let go. The file stays: removing it would let two daemons lock two files of one name."""
        self._disk.close(self._file)

    def _take(self) -> Holder | None:
        """Have the lock from now on, and return who had it before."""
        mine = self._disk.lock(self._file)
        data = self._disk.read_all(self._file, _SIZE, 0)
        before = decode(data)
        if not mine:
            _, holder = read(self._disk, self._path)
            raise Refused(
                f"cannot open {self._path.parent}: {_who(holder)}", hint="pmrunnerctl stop"
            )
        if data and before is None:
            log.warning(
                "cannot read %s: it does not match its checksum; how far the journal had come is"
                " known from the snapshot alone",
                self._path,
            )
        return before

    def _remember(self, seq: int) -> None:
        self.seen = seq
        self._holder = msgspec.structs.replace(self._holder, seq=seq)

    def _write(self) -> None:
        self._disk.write_all(self._file, _encode(self._holder).ljust(_SIZE - 1) + b"\n", 0)


def seen(disk: Disk, path: Path) -> int:
    """Return the commit that a journal is known to have reached, whoever holds the lock."""
    _, holder = read(disk, path)
    return holder.seq if holder else 0


def is_whole(disk: Disk, path: Path) -> bool:
    """Tell whether what a lock says is what was written, if it says anything."""
    data, holder = read(disk, path)
    return not data or holder is not None


def read(disk: Disk, path: Path) -> tuple[bytes, Holder | None]:
    """Return what is in a lock that others may be writing, and who that says has opened the state.

    Nothing and None where there is no lock. Raises OSError.
    """
    for attempt in range(_READS):
        if attempt:
            time.sleep(_PAUSE)
        try:
            data = disk.read_file(path)
        except FileNotFoundError:
            return b"", None
        if (holder := decode(data)) is not None or not data:
            break
    return data, holder


def decode(data: bytes) -> Holder | None:
    """Return what a lock says; None where that is nothing, or not what was written."""
    head, found, tail = data.rpartition(_SUM)
    if found and tail.rstrip() != b'%08x"}' % crc32(head):
        return None
    try:
        return msgspec.json.decode(data, type=Holder)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _encode(holder: Holder) -> bytes:
    head, _, _ = msgspec.json.encode(msgspec.structs.replace(holder, sum="")).rpartition(_SUM)
    return head + _SUM + b'%08x"}' % crc32(head)


def _who(holder: Holder | None) -> str:
    if holder is None:
        return "another process holds it and has not said which"
    return f"pid {holder.pid} of {holder.by} holds it since {holder.at} ({holder.release})"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
