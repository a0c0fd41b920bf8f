"""One daemon per state: a lock that the kernel lets go when its holder dies, and who holds it.

The file also remembers how far the journal had come when it was last opened, so that a journal
that lost its end, or all of it, is not taken for a shorter one.
"""

import contextlib
import os
import pwd
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.errors import Refused
from pmrunnerd.store.durable import Disk

# Always this long, padded with spaces: written over in place, it needs no room on a full disk.
_SIZE: Final = 512


class Holder(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who opened the state, when, and which commit it had reached then."""

    pid: int
    by: str
    at: str
    release: str
    seq: int = 0


class Lock:
    """`state/lock`, held from construction until `close`. Raises Refused if another has it."""

    def __init__(self, path: Path, *, at: str, release: str, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._file = disk.open(path, "create")
        mine = disk.lock(self._file)
        before = self._read()
        if not mine:
            disk.close(self._file)
            raise Refused(f"cannot open {path.parent}: {_who(before)}", hint="pmrunnerctl stop")
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

    def _read(self) -> Holder | None:
        return _decode(self._disk.read_all(self._file, _SIZE, 0))

    def _remember(self, seq: int) -> None:
        self.seen = seq
        self._holder = msgspec.structs.replace(self._holder, seq=seq)

    def _write(self) -> None:
        line = msgspec.json.encode(self._holder).ljust(_SIZE - 1) + b"\n"
        self._disk.write_all(self._file, line, 0)


def seen(disk: Disk, path: Path) -> int:
    """Return the commit that a journal is known to have reached, whoever holds the lock."""
    try:
        holder = _decode(disk.read_file(path))
    except FileNotFoundError:
        return 0
    return holder.seq if holder else 0


def _decode(data: bytes) -> Holder | None:
    try:
        return msgspec.json.decode(data, type=Holder)
    except msgspec.DecodeError:
        return None


def _who(holder: Holder | None) -> str:
    if holder is None:
        return "another process holds it and has not said which"
    return f"pid {holder.pid} of {holder.by} holds it since {holder.at} ({holder.release})"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
