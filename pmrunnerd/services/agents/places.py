"""Which files an agent may change without anybody being asked."""

from os.path import realpath
from typing import Final

# What a person's own Claude Code, editor or shell would execute; on some disks in any case of letters.
_ASKED: Final = frozenset(
    {
        *(".git", ".husky", ".envrc", ".direnv", ".pre-commit-config.yaml"),
        *(".claude", ".mcp.json", ".cursor", ".windsurf", ".codex", ".gemini"),
        *(".vscode", ".idea", ".zed", ".devcontainer", ".devcontainer.json"),
    }
)


def real(path: str) -> str:
    """Return where a path leads; empty where it is none."""
    return "" if "\0" in path else realpath(path)


def below(workspace: str, path: str) -> list[str]:
    """Return the names of a path below a workspace, as it is written; none where it leads elsewhere."""
    if not path.startswith(f"{workspace}/"):
        return []
    names = path.removeprefix(f"{workspace}/").split("/")
    return [] if ".." in names else names


def is_asked(names: list[str]) -> bool:
    """Tell whether somebody is to be asked about a path of such names."""
    return not _ASKED.isdisjoint(name.lower() for name in names)


def is_free(workspace: str, path: str) -> bool:
    """Tell whether a file can be changed and nobody needs to be asked.

    A link has two names: by one of them a person's program may find what is written by the other.
    """
    said, meant = below(workspace, path), below(workspace, real(path))
    return bool(said and meant) and not is_asked([*said, *meant])


def top(workspace: str, path: str) -> str:
    """Return a path below a workspace as far as what is asked about in it; empty where nothing is."""
    names = below(workspace, path)
    at = next((n for n, name in enumerate(names) if is_asked([name])), None)
    return "/".join(names[: at + 1]) if at is not None else ""
