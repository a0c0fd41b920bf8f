"""Other people than root, for as long as a test wants to be one."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ORDINARY: Final = 65534


@contextlib.contextmanager
def open_to_all() -> Iterator[Path]:
    """Give a directory that everybody may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@contextlib.contextmanager
def ordinary(workspace: Path) -> Iterator[None]:
    """Be an ordinary user, whose the workspace is, for a moment: root may write everywhere."""
    if os.geteuid():
        yield
        return
    for place in (workspace, workspace / ".git"):
        os.chown(place, ORDINARY, ORDINARY)
    os.seteuid(ORDINARY)
    try:
        yield
    finally:
        os.seteuid(0)
