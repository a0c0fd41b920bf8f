"""Which objects a workspace's repository has of its own: one that takes them elsewhere is refused."""

import os
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import NotFound, Refused, in_words
from pmrunnerd.services.source.descent import DIRECTORY

READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_BORROWED: Final = ("objects/info/alternates", "objects/info/http-alternates")
_OWN: Final = ("objects", "objects/info", "objects/pack")
_SMALL: Final = 1 << 16
_REPACK: Final = "git repack -a -d && rm .git/objects/info/alternates   makes it whole"


def objects_of(workspace: Path) -> Path:
    """Return the directory of a workspace's objects. Raises NotFound, Refused, OSError.

    What lies under a commit is only safe to show where it is the workspace's own: an agent that
    names another repository here could have us publish what is in that.
    """
    git = workspace / ".git"
    if not git.is_symlink() and git.is_file():
        raise Refused(
            f"cannot read commits of {workspace}: its .git is a file, so its history lies elsewhere"
        )
    for path in (git, *(git / name for name in _OWN)):
        if path.is_symlink():
            raise Refused(f"cannot read commits of {workspace}: {path} is a link")
    if not (git / "objects").is_dir():
        raise NotFound(f"cannot read commits of {workspace}: it is no git repository")
    for name in _BORROWED:
        if os.path.lexists(git / name) and content(git, name, _SMALL).strip():
            raise Refused(
                f"cannot read commits of {workspace}: it borrows objects of another repository",
                hint=_REPACK,
            )
    return git / "objects"


def content(top: Path, name: str, most: int) -> bytes:
    """Return what is in a file below a directory, with no link on the way. Raises Refused, OSError."""
    *above, last = name.split("/")
    here = os.open(top, DIRECTORY)
    try:
        for step in above:
            there = os.open(step, DIRECTORY, dir_fd=here)
            os.close(here)
            here = there
        file = os.open(last, READ, dir_fd=here)
    finally:
        os.close(here)
    with open(file, "rb") as opened:  # noqa: PTH123 - it is a descriptor
        try:
            found = opened.read(most + 1)
        except OSError as exc:
            raise Refused(f"cannot read {top / name}: {in_words(exc)}") from exc
    if len(found or b"") > most:
        raise Refused(f"cannot read {top / name}: it has more than {most} bytes")
    return found or b""
