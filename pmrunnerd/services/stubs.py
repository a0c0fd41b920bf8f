"""What the sandbox of Claude Code leaves in a workspace: empty files that it covered, where nothing was.

While a command runs, names by which programs are configured are covered; a file has to be there for
that. Whoever is killed leaves them behind, and whoever comes next takes them away. And of a repository that was removed its hooks and its
`config` are left, which are covered as well.
"""

from pathlib import Path
from typing import Final

from pmrunnerd.services.git import Git

CONFIGURATION: Final = "config"
_NAMES: Final = (
    *(".bash_profile", ".bashrc", ".gitconfig", ".gitmodules", ".idea", ".mcp.json", ".profile"),
    *(".ripgreprc", ".vscode", ".zprofile", ".zshrc", ".claude"),
)
# Only what is empty, and what git would add: the rest is somebody's.
_CLEAR: Final = f"""
"$@" ls-files -z --others --exclude-standard -- {" ".join(_NAMES)} |
    xargs -0 -r -I FILE find ./FILE -maxdepth 0 -type f -empty -delete
(find . -path ./.git -prune -o -type d -name .git -prune -print0 || true) 2>/dev/null |
    while IFS= read -r -d '' one; do
        if [ -e "$one/HEAD" ]; then continue; fi
        find "$one" -depth -type d -empty -delete || true
        if [ "$(ls -A "$one" 2>/dev/null)" = config ]; then rm -r -- "$one" || true; fi
    done
if [ -d .claude ] && [ ! -L .claude ]; then find .claude -depth -type d -empty -delete; fi
"""


def ignore(directory: Path) -> None:
    """Have git pass them by while they are there, by a configuration in a run's `agent` directory."""
    file = directory / CONFIGURATION / "git" / "ignore"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"/{name}\n" for name in _NAMES))


async def clear(git: Git) -> None:
    """Take them away. Raises GitFailed."""
    await git.pipeline(_CLEAR)
