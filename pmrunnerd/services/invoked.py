"""Writes down how a daemon was started, for whoever starts the next one."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from pmrunnerd.model import invocation
from pmrunnerd.store.durable import Disk


def note(state: Path, words: Sequence[str]) -> None:
    """Keep the options in a state. That this fails is no fault: they are for a hint."""
    with contextlib.suppress(OSError):
        Disk().replace_file(state / invocation.FILE, invocation.encode(words))
