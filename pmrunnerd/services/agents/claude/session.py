"""A session of Claude Code: the directory that the CLI keeps it in, and what its transcript says.

Each run of a task has a copy of its own, so that the transcript of a run is what it was when that
ended. There is no lock in there: the run before must be dead, which the run host sees to.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_NAME: Final = "session"
_TOOL_RESULT: Final = "tool_result"


class Session:
    """The session of one run; `earlier` are the `agent` directories of those before it."""

    def __init__(self, directory: Path, name: str, earlier: Sequence[Path]) -> None:
        self.directory = directory / _NAME
        self._name = name
        self._earlier = earlier

    def prepare(self) -> None:
        """Have what the latest run left, if there was one. Raises OSError."""
        if self.directory.exists():
            return
        for directory in reversed(self._earlier):
            if (directory / _NAME).is_dir():
                ready = self.directory.with_name(f".{_NAME}.new")
                shutil.rmtree(ready, ignore_errors=True)
                shutil.copytree(directory / _NAME, ready, symlinks=True)
                ready.rename(self.directory)
                return
        self.directory.mkdir(mode=0o700)

    def transcript(self) -> Path | None:
        """Return the file of the conversation; None where none has begun."""
        found = sorted(self.directory.glob(f"projects/*/{self._name}.jsonl"))
        return found[0] if found else None

    def waits(self) -> bool:
        """Tell whether the last thing in it is a deferred question without its answer."""
        path = self.transcript()
        pending: set[str] = set()
        for line in path.read_text(errors="replace").splitlines() if path else ():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # cut off when the CLI was killed
            if isinstance(entry, dict):
                pending |= _deferred(entry)
                pending -= _answered(entry)
        return bool(pending)


def _deferred(entry: dict[str, Any]) -> set[str]:
    attached = entry.get("attachment")
    if not isinstance(attached, dict) or attached.get("type") != "hook_deferred_tool":
        return set()
    name = attached.get("toolUseID") or attached.get("tool_use_id") or ""
    return {str(name)}


def _answered(entry: dict[str, Any]) -> set[str]:
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return set()
    return {
        str(one.get("tool_use_id"))
        for one in content
        if isinstance(one, dict) and one.get("type") == _TOOL_RESULT
    }
