"""Claude Code, which is installed beside this client and not on PATH: hints name it by its whole path."""

import importlib.util
import re
import shutil
from pathlib import Path
from typing import Final

from pmrunnerctl.address import quoted

# As a command, and not as the name of an agent.
_COMMAND: Final = re.compile(r"(^|; |&& )claude(?= +#| setup-token\b|$)", re.MULTILINE)


def found(text: str) -> str:
    """Return a hint whose `claude` a shell finds, where there is one at all."""
    if not _COMMAND.search(text) or shutil.which("claude"):
        return text
    program = _bundled()
    if program is None:
        return text
    return _COMMAND.sub(lambda command: f"{command[1]}{quoted(program)}", text)


def _bundled() -> Path | None:
    try:
        package = importlib.util.find_spec("claude_agent_sdk")
    except (ImportError, ValueError, OSError):
        return None
    if package is None or not package.origin:
        return None
    program = Path(package.origin).with_name("_bundled") / "claude"
    return program if program.is_file() else None
