"""What the CLI's sandbox leaves in a workspace: empty files that it covered, where nothing was.

While a command runs, names by which programs are configured are covered; a file has to be there for
that. Whoever is killed leaves them behind.
"""

from typing import Final

from pmrunnerd.services.git import Git

_NAMES: Final = (
    *(".bash_profile", ".bashrc", ".gitconfig", ".gitmodules", ".idea", ".mcp.json", ".profile"),
    *(".ripgreprc", ".vscode", ".zprofile", ".zshrc"),
)
# Only what is empty, and what git would add: the rest is somebody's.
_CLEAR: Final = f"""
"$@" ls-files -z --others --exclude-standard -- {" ".join(_NAMES)} |
    xargs -0 -r -I FILE find ./FILE -maxdepth 0 -type f -empty -delete
rmdir --ignore-fail-on-non-empty .claude/.cc-writes .claude 2>/dev/null || true
"""


async def clear(git: Git) -> None:
    """Take them away. Raises GitFailed."""
    await git.pipeline(_CLEAR)
