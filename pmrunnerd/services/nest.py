"""A workspace for one task that nobody needs: a repository with a commit that holds nothing."""

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, why

_WHO: Final = ("-c", "user.name=pm-runner", "-c", "user.email=pm-runner@localhost")
_ENV: Final = {
    "PATH": process.PATH,
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
}
_TOTAL: Final = 20.0
_SAYS: Final = 1 << 16


def clear(path: Path) -> None:
    """Have nothing there; a link is not followed. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


async def make(path: Path) -> None:
    """Make one where nothing is. Raises Unavailable, OSError."""
    await asyncio.to_thread(path.mkdir, mode=0o755, parents=True)
    commit = ("commit", "--quiet", "--allow-empty", "--no-verify", "--message", "Nothing yet")
    for words in (("init", "--quiet"), (*_WHO, *commit)):
        done = await process.run(("git", *words), cwd=path, env=_ENV, total=_TOTAL, limit=_SAYS)
        if not isinstance(done, Exited) or done.status:
            raise Unavailable(f"cannot make {path}: {why(done)}", hint=f"ls -ld {path.parent}")
