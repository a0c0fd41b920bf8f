"""Archives that a timer has made: each named by its time, the latest kept, a failure told to the daemon."""

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p

# To the millisecond: whoever tries again at once makes another one.
_NAME = re.compile(r"pm-runner-\d{8}T\d{6}\.\d{3}Z\.tar\.gz")


def name(session: Session, directory: Path) -> Path:
    """Return the name of an archive that is made now."""
    del session
    if not directory.is_dir():
        raise misused(
            f"cannot keep archives in {directory}: it is no directory", hint=f"mkdir {directory}"
        )
    now = datetime.now(UTC)
    return directory / f"pm-runner-{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z.tar.gz"


def prune(session: Session, directory: Path, keep: int) -> None:
    """Remove all archives of such a name but the latest; other files are not ours."""
    made = sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))
    for old in made[:-keep]:
        try:
            old.unlink(missing_ok=True)
        except OSError as exc:
            raise Cannot(
                f"cannot remove {old}: {exc.strerror}",
                exits=Exit.UNAVAILABLE,
                code="unavailable",
                hint=f"ls -ld {directory}",
            ) from exc
        session.note(f"removed {old}")


@contextlib.contextmanager
def told(session: Session) -> Iterator[None]:
    """Tell the daemon how it went."""
    try:
        yield
    except Cannot as failed:
        # What went wrong is worth more than that nobody could be told of it.
        with contextlib.suppress(Cannot):
            session.ask(p.BackupReport(failed=str(failed)[:4096]))
        raise
    with contextlib.suppress(Cannot):
        session.ask(p.BackupReport())
