"""The directory of one run: what the daemon tells its run host, and what the run host reports.

* `spec.json`: written once by the daemon, durable before the run host is started
* `events.jsonl`: appended by the run host, one `Progress` a line; a cursor counts its bytes
* `last-word`: nothing, in room that is kept so that a run host can say why it ends on a full disk
* `lock`: held for as long as the run host lives; holds its pid
* `runhost.log`: what the run host itself has to say, for people
* `agent/`: what the sandbox shows to the agent, read-only

Where run hosts are another user's, they share the group that the directory above hands down.
"""

import contextlib
import errno
import logging
import os
import threading
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.progress import AnyProgress
from pmrunnerd.model.spec import Spec
from pmrunnerd.store.durable import Disk

log = logging.getLogger(__name__)

_PAGE: Final = 1 << 16
# Bytes that one short report takes, with the blocks that it begins.
_LAST_WORD: Final = 16 << 10
_PRIVATE: Final = 0o600
_PRIVATE_DIRECTORY: Final = 0o700
# For a group: what it may read, write, and where it may make files of its own.
SHOWN: Final = 0o640
SHARED: Final = 0o660
SHARED_DIRECTORY: Final = 0o770
# O_NONBLOCK: whoever shares the directory could have put a pipe there, and we would wait for ever.
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_progress: Final = msgspec.json.Decoder(AnyProgress)


class CannotReport(OSError):
    """The disk takes no more reports; a run that cannot be followed must not go on."""


class RunDirectory:
    """One run's directory, whether or not it exists yet."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self.run = path.name
        self.spec = path / "spec.json"
        self.events = path / "events.jsonl"
        self.last_word = path / "last-word"
        self.lock = path / "lock"
        self.log = path / "runhost.log"
        self.agent = path / "agent"
        self._disk = disk or Disk()

    def write_spec(self, spec: Spec, *, shared: bool = False) -> None:
        """Make the directory and its spec durable. Raises Refused if there is one: runs start once.

        Where it is `shared` the group of the directory above may read the spec, and write reports
        and the lock, which are made here: what another user made we might not be able to read.
        """
        self._disk.make_directory(self.path, SHARED_DIRECTORY if shared else _PRIVATE_DIRECTORY)
        if self.spec.exists():
            raise Refused(f"cannot write the spec of run {self.run}: it has one already")
        if shared:
            for path in (self.events, self.lock):
                self._disk.close(self._disk.open(path, "new", SHARED))
        told = msgspec.json.encode(spec) + b"\n"
        self._disk.replace_file(self.spec, told, SHOWN if shared else _PRIVATE)

    def read_spec(self) -> Spec:
        """Return what the run host is told. Raises NotFound, or Refused for one it cannot read."""
        try:
            return msgspec.json.decode(self.spec.read_bytes(), type=Spec)
        except FileNotFoundError:
            raise NotFound(
                f"cannot find the spec of run {self.run}: {self.spec} is not there"
            ) from None
        except msgspec.DecodeError as exc:
            raise Refused(f"cannot read the spec of run {self.run}: {exc}") from exc

    def make_agent(self) -> Path:
        """Make the directory that a sandbox shows to the agent, with a place for its home."""
        for path in (self.agent, self.agent / "home"):
            path.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
        return self.agent

    def has_begun(self) -> bool:
        """Tell whether a run host has reported anything."""
        try:
            return self.events.stat().st_size > 0
        except FileNotFoundError:
            return False

    def is_cursor(self, cursor: int) -> bool:
        """Tell whether a cursor is one that `read` gives: the beginning, or after a whole line."""
        if cursor == 0:
            return True
        try:
            file = os.open(self.events, _READ)
        except OSError:
            return False
        try:
            return os.pread(file, 1, cursor - 1) == b"\n"
        except (OSError, OverflowError):
            return False
        finally:
            os.close(file)

    def read(self, cursor: int, limit: int) -> list[tuple[int, AnyProgress]]:
        """Return up to `limit` reports after a cursor, each with the cursor that leads on after it.

        Fewer where they are long: what a fast run prints is never in memory as a whole. None only at
        the end. Only whole lines are consumed. What a newer run host says and we do not know is skipped.
        """
        try:
            file = os.open(self.events, _READ)
        except FileNotFoundError:
            return []
        try:
            return self._read(file, cursor, limit)
        finally:
            os.close(file)

    def _read(self, file: int, cursor: int, limit: int) -> list[tuple[int, AnyProgress]]:
        found: list[tuple[int, AnyProgress]] = []
        rest, ahead, enough = b"", cursor, cursor + _PAGE
        while (
            len(found) < limit
            and not (found and cursor >= enough)
            and (data := os.pread(file, _PAGE, ahead))
        ):
            ahead += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                cursor += len(line) + 1
                progress = self._decode(line)
                if progress is not None:
                    found.append((cursor, progress))
                    if len(found) == limit:
                        break
        return found

    def _decode(self, line: bytes) -> AnyProgress | None:
        try:
            progress: AnyProgress = _progress.decode(line)
        except Exception as exc:  # noqa: BLE001 - nested too deep, too: no line may stop the daemon
            log.debug("run %s says what this release does not understand: %s", self.run, exc)
            return None
        return progress


class EventWriter:
    """Appends whole lines to a run's event file; a half one is taken back, or is the last."""

    def __init__(self, directory: RunDirectory) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(directory.events, flags, _PRIVATE)
        self._reserve = directory.last_word
        self._size = os.fstat(self._file).st_size
        self._broken = 0  # what the kernel said
        self._lock = threading.Lock()

    def write(self, progress: AnyProgress) -> None:
        """Append one report. Raises CannotReport (disk full); then nothing more is written."""
        line = memoryview(msgspec.json.encode(progress) + b"\n")
        with self._lock:
            if self._broken:
                why = "cannot report: an earlier report could not be written"
                raise CannotReport(self._broken, why)
            try:
                written = 0
                while written < len(line):
                    written += os.write(self._file, line[written:])
            except OSError as exc:
                self._broken = exc.errno or errno.EIO
                os.ftruncate(self._file, self._size)
                raise CannotReport(exc.errno, f"cannot report: {exc.strerror}") from exc
            self._size += len(line)

    def reserve(self) -> None:
        """Keep room for a last word. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(self._reserve, flags, _PRIVATE)
        try:
            os.posix_fallocate(file, 0, _LAST_WORD)
        finally:
            os.close(file)

    def last_word(self, progress: AnyProgress) -> None:
        """Append a report after one that could not be, in the room that was kept. Raises OSError."""
        self._reserve.unlink(missing_ok=True)
        self._broken = 0
        self.write(progress)
        self.sync()

    def sync(self) -> None:
        """Return once everything written survives a power cut. Raises OSError."""
        Disk().sync(self._file)

    def close(self) -> None:
        """Close the file, and give back what was kept."""
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)
        os.close(self._file)
