"""`logs`: what the daemon said, also when it is dead."""

import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Final

import click

from pmrunnerctl import launch, offline, watch
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model.errors import Code

NAME: Final = "pmrunnerd.log"
PAUSE: Final = 0.2
_CHUNK: Final = 1 << 16


@verb(
    "logs",
    click.option("-f", "--follow", is_flag=True, help="Go on as it says more."),
    click.option(
        "-n", "--lines", metavar="N", type=click.IntRange(0, 100_000), default=50, help="(50)"
    ),
    summary="Show the log of the daemon.",
    what="From systemd's journal where it knows the unit pm-runner@NAME of --env, or else from"
    " pmrunnerd.log in the state directory; no daemon is needed. Always text, with --json too."
    " Ctrl-C ends the watching.",
    example="pmrunnerctl logs -f",
    then="pmrunnerctl doctor",
)
def logs(session: Session, *, follow: bool, lines: int) -> None:
    unit = launch.unit(session.env) if session.env else None
    with watch.watching(session):
        if unit:
            session.end(
                Exit.OK if launch.journal(unit, lines, follow=follow) == 0 else Exit.ENDED_BADLY
            )
        path = offline.directory(session, None) / NAME
        for line in told(path, lines, follow=follow):
            session.out.line(line)
            session.out.flush()


def told(path: Path, lines: int, *, follow: bool) -> Generator[str, None, None]:
    """Yield the last lines of a file, and then each that comes. Raises Cannot."""
    file: IO[bytes] | None = None
    try:
        file = path.open("rb")
        yield from tail(file, lines)
        while follow:
            if not (more := file.readline()):
                time.sleep(PAUSE)
                file = _there_now(path, file)
            else:
                while not more.endswith(b"\n") and (rest := file.readline()):
                    more += rest
                yield _text(more)
    except OSError as exc:
        raise _unreadable(path, exc) from None
    finally:
        if file is not None:
            file.close()


def tail(file: IO[bytes], lines: int) -> list[str]:
    """Return the last lines, without reading what comes before them; the file is then at its end."""
    end = start = file.seek(0, os.SEEK_END)
    read = b""
    while start and read.count(b"\n") <= lines:
        start = max(0, start - _CHUNK)
        file.seek(start)
        read = file.read(end - start)
    file.seek(end)
    found = read.splitlines()
    return [_text(line) for line in found[max(0, len(found) - lines) :]]


def _there_now(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return the file to read on: from its beginning where it was cut or is another one by now."""
    try:
        now = path.stat()
    except FileNotFoundError:  # between the old one and the new one
        return file
    ours = os.fstat(file.fileno())
    if (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino):
        file.close()
        return path.open("rb")
    if now.st_size < file.tell():
        file.seek(0)
    return file


def _text(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode(errors="backslashreplace")


def _unreadable(path: Path, exc: OSError) -> Cannot:
    if isinstance(exc, FileNotFoundError):
        return Cannot(
            f"cannot show the log: there is no {path}; a daemon in the foreground says it there",
            exits=Exit.NOT_FOUND,
            code=Code.NOT_FOUND,
            hint="journalctl -u 'pm-runner@*'   or name it: --env NAME",
        )
    return Cannot(
        f"cannot read {path}: {(exc.strerror or '').lower()}",
        exits=Exit.FORBIDDEN if isinstance(exc, PermissionError) else Exit.UNAVAILABLE,
        code=Code.FORBIDDEN if isinstance(exc, PermissionError) else Code.UNAVAILABLE,
        hint=f"ls -l {path}",
    )
