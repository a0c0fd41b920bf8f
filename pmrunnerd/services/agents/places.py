"""Which files an agent may change without anybody being asked."""

from os.path import realpath
from typing import Final

# What a person's own programs would execute.
ASKED: Final = frozenset({".git", ".claude", ".mcp.json", ".vscode", ".idea"})


def below(workspace: str, path: str) -> tuple[list[str], list[str]] | None:
    """Return the names of a path below a workspace: as it is written, and as it leads there.

    None where one of them leads elsewhere. A link has two names: by one of them a person's program
    may find what is written by the other.
    """
    said, meant = _below(workspace, path), _below(workspace, realpath(path))
    return (said, meant) if said and meant else None


def is_free(workspace: str, path: str) -> bool:
    """Tell whether a file can be changed and nobody needs to be asked."""
    names = below(workspace, path)
    return names is not None and ASKED.isdisjoint([*names[0], *names[1]])


def _below(workspace: str, path: str) -> list[str]:
    """Return the names of a path below the workspace; none where it leads elsewhere."""
    if not path.startswith(f"{workspace}/"):
        return []
    names = path.removeprefix(f"{workspace}/").split("/")
    return [] if ".." in names else names
