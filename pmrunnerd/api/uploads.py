"""An archive on its way in, piece by piece, one at a time, and what becomes of it when it is here.

It lies in the part of the state directory that nobody takes for state. Nothing is recorded until all
of it was looked at; then it is recorded once, on the disk, and whoever opens the state next does it.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from pmrunnerd.model.errors import BadRequest, Refused, Unavailable, disk_hint
from pmrunnerd.store.backup import Origin
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import trouble
from pmrunnerd.store.restore import prepare
from pmrunnerd.store.swap import STAGING, Intention, forget
from pmrunnerd.store.unpack import RESERVE

log: Final = logging.getLogger(__name__)
# Seconds after which an archive that does not go on is forgotten: its client has gone.
IDLE: Final = 60.0
ARCHIVE: Final = "archive.tar.gz"
AGAIN: Final = "pmrunnerctl state restore ARCHIVE"


class Upload(Struct):
    """An archive that is not here yet: how it is named, who sends it, how much is here."""

    name: str
    by: str
    size: int = 0


class Uploads:
    """What one daemon has of archives. `prepared` is what will be, once it has left."""

    def __init__(self, disk: Disk | None = None, *, idle: float = IDLE) -> None:
        self._disk = disk or Disk()
        self._idle = idle
        # One piece at a time: a client may send many, and come back on another connection.
        self._turn = asyncio.Lock()
        self._upload: Upload | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.prepared: Intention | None = None

    async def take(self, directory: Path, by: str, name: str, offset: int, data: bytes) -> int:
        """Take a piece in and return how many bytes are here; the same piece again is fine.

        Raises Refused where another archive is on its way or this one is not known any more,
        Unavailable where there is no room; then it is forgotten.
        """
        async with self._turn:
            upload = self._begun(directory, by, name, offset)
            if offset > upload.size:
                raise BadRequest(f"cannot take a piece at {offset}: {upload.size} bytes are here")
            try:
                await asyncio.to_thread(self._write, directory, offset, data)
            except (OSError, Unavailable) as error:
                self._forget(directory)
                if isinstance(error, Unavailable):
                    raise
                raise _cannot(directory, error) from error
            upload.size = max(upload.size, offset + len(data))
            self._wait_for_more(lambda: self._forget(directory))
            return upload.size

    async def restore(self, directory: Path, name: str, here: Origin, *, force: bool) -> Intention:
        """Look at an archive that is here whole, and record that it is to be the state.

        Raises what `store.restore.prepare` does; then it is forgotten and nothing was changed.
        """
        async with self._turn:
            if self.prepared is not None and self.prepared.upload == name:
                return self.prepared
            self._known(name)
            self._stop_waiting()
            try:
                self.prepared = await asyncio.to_thread(
                    self._prepare, directory, name, here, force=force
                )
            except OSError as error:
                raise _cannot(directory, error) from error
            finally:
                self._upload = None
            return self.prepared

    def _begun(self, directory: Path, by: str, name: str, offset: int) -> Upload:
        if self.prepared is not None:
            raise Unavailable("cannot take an archive: another one is being restored")
        if self._upload is None and offset == 0:
            try:
                forget(self._disk, directory)
                self._disk.create_directory(directory / STAGING, 0o700)
            except OSError as error:
                raise _cannot(directory, error) from error
            self._upload = Upload(name, by)
        return self._known(name)

    def _known(self, name: str) -> Upload:
        if self._upload is None:
            raise Refused(
                f"cannot go on with this archive: nothing came for {self._idle:.0f} s, or the daemon"
                " was restarted",
                hint=AGAIN,
            )
        if self._upload.name != name:
            raise Refused(
                f"cannot take an archive: {self._upload.by} sends another one",
                hint=f"wait until it is done, or {self._idle:.0f} s after its last piece",
            )
        return self._upload

    def _write(self, directory: Path, offset: int, data: bytes) -> None:
        if self._disk.free(directory) - len(data) < RESERVE:
            raise _cannot(directory, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        file = self._disk.open(directory / STAGING / ARCHIVE, "create")
        try:
            self._disk.write_all(file, data, offset)
        finally:
            self._disk.close(file)

    def _prepare(self, directory: Path, name: str, here: Origin, *, force: bool) -> Intention:
        source: IO[bytes]
        with (directory / STAGING / ARCHIVE).open("rb") as source:
            return prepare(self._disk, directory, source, here, force=force, upload=name)

    def _forget(self, directory: Path) -> None:
        self._stop_waiting()
        self._upload = None
        try:
            forget(self._disk, directory)
        except OSError as error:
            # Nobody takes it for state; the next archive, or the next start, takes it away.
            log.warning("cannot take away what came of an archive: %s", trouble(error))

    def _wait_for_more(self, drop: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(self._idle, drop)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _cannot(directory: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"cannot take the archive: {error.strerror}", hint=disk_hint(error, directory)
    )
