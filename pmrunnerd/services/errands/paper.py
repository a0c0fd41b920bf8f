"""The directory of one errand, among those of runs: what is to be done, a secret, and what came of it.

* `errand.json`: in the place of a run's `spec.json`, for the group that the directory above hands down
* `secret`: gone before anything else is done
* `answer.json`: made empty by the daemon, since what somebody else makes it might not be able to read
* `cargo`: made empty likewise; what is too much for an answer
* `lock`: as of a run

Nothing of it is durable: of an errand that a crash cut short nobody waits for the answer.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

import msgspec

from pmrunnerd.model import errand as e
from pmrunnerd.model import errors
from pmrunnerd.model.errors import PmError, Refused, code_of
from pmrunnerd.services import disposal
from pmrunnerd.services.rundir import SHARED, SHARED_DIRECTORY, SHOWN

_MOST: Final = 64 << 20
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_THERE: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_KINDS: Final = {
    kind.code.value: kind
    for kind in (
        *(errors.BadRequest, errors.NotFound, errors.IllegalTransition, errors.Refused),
        *(errors.Forbidden, errors.Conflict, errors.TooLarge, errors.Unavailable),
    )
}
_errand: Final = msgspec.json.Decoder(e.AnyErrand)
_answer: Final = msgspec.json.Decoder(e.AnyAnswer)


def name(errand: e.Errand[Any]) -> str:
    """Return a name for an errand that is that of no other, of letters, digits and hyphens."""
    return f"{e.word(errand)}-{os.getpid()}-{secrets.token_hex(4)}"


class Paper:
    """One errand's directory, whether or not it exists yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.errand = path / "errand.json"
        self.answer = path / "answer.json"
        self.secret = path / "secret"
        self.cargo = path / "cargo"
        self.lock = path / "lock"

    def write(self, errand: e.Errand[Any], secret: str) -> None:
        """Make the directory, with what is to be done. Raises OSError."""
        self.path.mkdir(SHARED_DIRECTORY)
        for file in (self.answer, self.cargo, self.lock):
            _write(file, b"", SHARED)
        if secret:
            _write(self.secret, secret.encode(), SHOWN)
        _write(self.errand, msgspec.json.encode(errand) + b"\n", SHOWN)

    def is_there(self) -> bool:
        """Tell whether an errand is to be done here, and no run."""
        return self.errand.exists()

    def take(self) -> tuple[e.Errand[Any], str]:
        """Return what is to be done, and the secret, which is gone then. Raises Refused, OSError."""
        secret = ""
        if self.secret.exists():
            secret = _read(self.secret).decode()
            self.secret.unlink()
        try:
            errand: e.Errand[Any] = _errand.decode(_read(self.errand))
        except msgspec.DecodeError as exc:
            # A release does not know what a newer one wants done.
            raise Refused(f"cannot do errand {self.path.name}: {exc}") from exc
        return errand, secret

    def put(self, answer: e.Answer) -> None:
        """Write what came of it, in one line. Raises OSError."""
        file = os.open(self.answer, _THERE)
        try:
            rest = memoryview(msgspec.json.encode(answer) + b"\n")
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)

    def answered(self) -> e.Answer | None:
        """Return what came of it; None where that is not there, or not whole. Raises Refused, OSError."""
        said = _read(self.answer)
        if not said.endswith(b"\n"):
            return None
        try:
            answer: e.Answer = _answer.decode(said)
        except msgspec.DecodeError as exc:
            raise Refused(f"cannot understand what came of it: {exc}") from exc
        return answer

    @contextlib.contextmanager
    def loading(self) -> Iterator[int]:
        """Have the cargo open, to be written. Raises OSError."""
        file = os.open(self.cargo, _THERE)
        try:
            yield file
        finally:
            os.close(file)

    def brought(self) -> BufferedReader:
        """Return the cargo, open to be read, whoever wrote it. Raises Refused for no file, OSError."""
        file = os.open(self.cargo, _READ)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise Refused("cannot take what was brought: it is no file")
        return open(file, "rb")  # noqa: PTH123 - it is a descriptor

    def clear(self) -> None:
        """Delete the directory; once it is gone, that is done. Raises OSError."""
        disposal.empty(self.path.parent, self.path.name)
        disposal.remove(self.path.parent, self.path.name)


def failure(error: PmError | OSError) -> e.Failed:
    """Return an error as an answer; `raised` has it again on the other side."""
    if isinstance(error, PmError):
        return e.Failed(code=error.code.value, message=str(error), hint=error.hint or "")
    return e.Failed(code=code_of(error).value, message=str(error))


def raised(failed: e.Failed) -> PmError:
    """Return the error that an errand ended with."""
    return _KINDS.get(failed.code, PmError)(failed.message, hint=failed.hint or None)


def _write(path: Path, data: bytes, mode: int) -> None:
    file = os.open(path, _NEW, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)


def _read(path: Path) -> bytes:
    """Return what a file holds; whoever shares the directory may have put anything in its place."""
    file = os.open(path, _READ)
    try:
        parts, size = list[bytes](), 0
        while (part := os.read(file, 1 << 20)) and size < _MOST:
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    finally:
        os.close(file)
