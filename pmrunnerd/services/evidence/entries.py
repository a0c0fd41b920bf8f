"""What a commit holds, as git lists it."""

from typing import Final, NamedTuple

from pmrunnerd.services.git import Git

_ALL: Final = "p"


class Entry(NamedTuple):
    """A file of a commit: its mode, the name of its blob, and how large that is."""

    mode: str
    blob: str
    size: int


async def entries(git: Git, commit: str) -> dict[str, Entry]:
    """Return the files of a commit by path. Raises GitFailed."""
    found: dict[str, Entry] = {}
    for record in await git.records("ls-tree", "-r", "-l", "-z", "--full-tree", commit, only=_ALL):
        about, _, path = record.partition("\t")
        mode, _, blob, size = about.split()
        found[path] = Entry(mode, blob, int(size) if size.isdigit() else 0)
    return found
