"""The directory that an agent's program keeps from run to run of one task.

Each run has a copy of its own, so that what a run left is what it was when that ended. There is no
lock in there: the run before must be dead, which the run host sees to.
"""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

NAME: Final = "session"


def prepare(directory: Path, earlier: Sequence[Path]) -> Path:
    """Return the one of a run, which has what the latest run left, if there was one. Raises OSError.

    `directory` is the run's `agent` directory, `earlier` are those of the runs before it.
    """
    kept = directory / NAME
    if kept.exists():
        return kept
    for before in reversed(earlier):
        if (before / NAME).is_dir():
            ready = directory / f".{NAME}.new"
            shutil.rmtree(ready, ignore_errors=True)
            shutil.copytree(before / NAME, ready, symlinks=True, ignore=_no_file)
            ready.rename(kept)
            return kept
    kept.mkdir(mode=0o700)
    return kept


def _no_file(directory: str, names: list[str]) -> set[str]:
    """Return what cannot be copied: sockets, and what else is neither file, directory nor link."""
    kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    modes = {name: os.lstat(Path(directory, name)).st_mode for name in names}
    return {name for name, mode in modes.items() if not any(kind(mode) for kind in kinds)}
