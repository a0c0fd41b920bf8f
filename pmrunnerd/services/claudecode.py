"""Where Claude Code is and which one it is, found without importing the SDK that brings it."""

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Final

from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited

_PACKAGE: Final = "claude_agent_sdk"
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\S*")
_TOTAL: Final = 20.0
INSTALL: Final = "pmrunnerctl stop; packaging/quickstart --claude --detach   # or: pip install 'pm-runner[claude]'"
NAME: Final = 'path = "/usr/local/bin/claude"   # under [agent.claude] of /etc/pm-runner/ENV.toml'
OWN: Final = (
    "pmrunnerctl stop; pmrunnerctl start -- --agent-claude-path ''   # the SDK's own is that one"
)
PROGRAMS: Final = {"bwrap": "bubblewrap", "socat": "socat"}
"""What it confines its commands with, and the package of each."""


def missing() -> list[str]:
    """Return those of the PROGRAMS that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=process.PATH) is None]


def package() -> Path | None:
    """Return where the SDK is installed; None where it is not. Nothing of it is run."""
    try:
        found = importlib.util.find_spec(_PACKAGE)
    except (ImportError, ValueError, OSError):
        return None
    return Path(found.origin).parent if found is not None and found.origin else None


def install() -> str:
    """Return how one comes by it: a release has the SDK, but no CLI in it."""
    where = package()
    return INSTALL if where is None or (where / "_bundled").is_dir() else NAME


def tested_one(tested: str) -> str:
    """Return how one comes by the CLI that was tested where a setting names another one."""
    where = package()
    if where is not None and (where / "_bundled").is_dir():
        return OWN
    return f"npm install -g @anthropic-ai/claude-code@{tested}   # to where agent.claude.path says"


def program(named: str = "") -> Path | None:
    """Return the CLI: the one that a setting names, or else the SDK's own; None where it is not."""
    if named:
        return path.resolve() if (path := Path(named)).is_file() else None
    where = package()
    bundled = where / "_bundled" / "claude" if where is not None else None
    return bundled.resolve() if bundled is not None and bundled.is_file() else None


def tested() -> str:
    """Return the version of the CLI that the SDK was made for; empty where there is no SDK."""
    where = package()
    try:
        text = (where / "_cli_version.py").read_text() if where is not None else ""
    except OSError:
        return ""
    found = _VERSION.search(text)
    return found.group().rstrip("\"'") if found else ""


async def version(path: Path) -> str:
    """Return the version that a CLI says it is; empty where it does not start, or says none."""
    done = await process.run(
        [path, "--version"],
        cwd=Path("/"),
        env={"PATH": process.PATH, "HOME": "/nonexistent", "DISABLE_AUTOUPDATER": "1"},
        total=_TOTAL,
        limit=4096,
    )
    said = done.out.decode(errors="replace") if isinstance(done, Exited) else ""
    found = _VERSION.search(said)
    return found.group() if found else ""
