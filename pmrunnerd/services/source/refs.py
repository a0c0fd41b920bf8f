"""Which commit a name stands for in a workspace, by its files: no git has a say in it."""

import contextlib
import re
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import Refused
from pmrunnerd.rules.source.trees import ID
from pmrunnerd.services.source.sound import content

# As git looks for a name that a person typed.
_PLACES: Final = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}")
_NAME: Final = re.compile(
    r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[^\s\0-\x20~^:?*\[\\/.-][^\s\0-\x20~^:?*\[\\\x7f]*"
)
_TOP: Final = ("HEAD", "ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD")
_LINKS: Final = 5
_SMALL: Final = 4096
_PACKED: Final = 64 << 20


def find(workspace: Path, name: str) -> str:
    """Return the id that a name has, which may be that of a tag; nothing where it has none.

    Raises Refused for what can be no name, OSError.
    """
    if ID.fullmatch(name):
        return name
    if not _NAME.fullmatch(name) or any(part.startswith(".") for part in name.split("/")):
        raise Refused(f"cannot look for {name!r}: that is no name of a commit, a branch or a tag")
    git = workspace / ".git"
    packed = _packed(git)
    for place in _PLACES:
        full = place.format(name)
        # Other files of .git are none, and of configuration and index nobody wants to know.
        if (full in _TOP or full.startswith("refs/")) and (id := _follow(git, full, packed)):
            return id
    return ""


def width(workspace: Path) -> int:
    """Return how many characters ids have in a workspace; 0 where no reference tells."""
    packed = _packed(workspace / ".git")
    id = _follow(workspace / ".git", "HEAD", packed) or next(iter(packed.values()), "")
    return len(id)


def _follow(git: Path, name: str, packed: dict[str, str]) -> str:
    for _ in range(_LINKS):
        said = ""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            said = content(git, name, _SMALL).decode(errors="replace").strip()
        if not said.startswith("ref:"):
            return said[:_SMALL] if ID.fullmatch(said) else packed.get(name, "")
        name = said.removeprefix("ref:").strip()
        if not (name.startswith("refs/") and _NAME.fullmatch(name)):
            return ""
    return ""


def _packed(git: Path) -> dict[str, str]:
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for line in content(git, "packed-refs", _PACKED).decode(errors="replace").splitlines():
            id, _, name = line.partition(" ")
            if ID.fullmatch(id):
                found[name] = id
    return found
