"""What the kernel knows of how a daemon was started: its options, and the settings among its variables."""

import os
from collections.abc import Iterable
from pathlib import Path

from pmrunnerd.model.settings import PREFIX


def arguments_of(pid: int) -> list[str]:
    """Return the options that a daemon was started with, as far as we may see them."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []
    return _options(os.fsdecode(word) for word in words)


def settings_of(pid: int) -> dict[str, str] | None:
    """Return the variables of ours that a daemon was started with; None where we may not see them."""
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    named = (os.fsdecode(pair).partition("=") for pair in pairs)
    return {name: value for name, _, value in named if name.startswith(PREFIX)}


def _options(words: Iterable[str]) -> list[str]:
    """Return what comes after the program; `--detach` is said anew each time."""
    found = list(words)
    for n, word in enumerate(found):
        if Path(word).name in {"pmrunnerd", "pmrunnerd.main"} or word.endswith("pmrunnerd/main.py"):
            return [option for option in found[n + 1 :] if option != "--detach"]
    return []
