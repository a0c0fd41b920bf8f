"""Where what gates need is made, and where it is kept: for all to read, for nobody to change, by how it is made."""

import contextlib
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Final

import trees

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MONTH: Final = 30 * 86400.0
_GONE: Final = ".gone-"


def make_room(prepared: Path, name: str, digest: str, group: int) -> None:
    """Make a directory that what prepares can write, where nobody else can make one."""
    at = trees.enter(str(prepared))
    try:
        if _is_there(digest, at):
            raise FileExistsError("what it prepares is there already")
        _let_go(at)
        os.mkdir(f".{name}", 0o700, dir_fd=at)
        os.chown(f".{name}", -1, group, dir_fd=at, follow_symlinks=False)
        # No user is of that group, only units are. Where it is our own, files are of it anyway, and who is confined may set no such bit.
        mode = 0o770 if group == os.getegid() else 0o2770
        os.chmod(f".{name}", mode, dir_fd=at)
    finally:
        os.close(at)


def _let_go(at: int) -> None:
    """Delete what was prepared, and no gate has needed for a month: none is at work for so long."""
    listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
    try:
        names = os.listdir(listed)  # noqa: PTH208 - it is a descriptor
    finally:
        os.close(listed)
    for name in names:
        try:
            if _DIGEST.fullmatch(name):
                needed = os.stat(name, dir_fd=at, follow_symlinks=False).st_mtime
                if time.time() - needed <= _MONTH:
                    continue
                # At once, or half of it could pass for the whole. The number is of nothing that was let go before.
                gone = f"{_GONE}{name}-{os.getpid()}"
                os.rename(name, gone, src_dir_fd=at, dst_dir_fd=at)
                shutil.rmtree(gone, dir_fd=at)
            elif name.startswith(_GONE):
                shutil.rmtree(name, dir_fd=at)
        except FileNotFoundError:
            continue  # somebody else lets it go
        except (OSError, RecursionError) as why:
            sys.stderr.write(f"launch: cannot delete {name}: {why}\n")


def keep(prepared: Path, name: str, digest: str, *, good: bool) -> dict[str, Any]:
    """Keep what was prepared where nobody can change it; what went wrong leaves nothing."""
    at, new = trees.enter(str(prepared)), f".{name}"
    try:
        if good:
            tree = trees.enter(new, at=at)
            try:
                trees.seal(tree, os.geteuid(), os.getegid())
                sealed = trees.contents(tree).digest
            finally:
                os.close(tree)
            if not _is_there(digest, at):
                os.rename(new, digest, src_dir_fd=at, dst_dir_fd=at)
            return {"sealed": sealed}
    except (OSError, ValueError) as why:
        return {"refused": f"what was prepared cannot be kept: {why}"}
    finally:
        with contextlib.suppress(FileNotFoundError, RecursionError):
            shutil.rmtree(new, dir_fd=at)
        os.close(at)
    return {}


def _is_there(name: str, at: int) -> bool:
    try:
        os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
