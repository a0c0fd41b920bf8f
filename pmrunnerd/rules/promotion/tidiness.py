"""What of a workspace speaks against a promotion of its commit: each thing with the command that shows or mends it."""

import shlex
from collections.abc import Iterator
from typing import Final

from pmrunnerd.model.errand import Audited

_NAMED: Final = 5


def untidy(found: Audited, path: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and what helps; nothing of a workspace of which all is committed."""
    git = f"git -C {shlex.quote(path)}"
    for why in found.unknown:
        yield why, f"{git} status"
    if found.unknown and not found.head:
        return  # nobody has seen any of it
    if found.files:
        yield f"not committed: {_listed(found.files)}", f"{git} status"
    if found.hidden:
        shown = f"git was told not to look at {_listed(found.hidden)}"
        files = shlex.join(found.hidden[:_NAMED])
        yield shown, f"{git} update-index --no-assume-unchanged --no-skip-worktree {files}"
    if found.half_done:
        yield f"{found.half_done} is half done", f"{git} status"
    elif not found.branch:
        yield "its HEAD is no branch", f"{git} switch BRANCH"
    if not found.head:
        yield "it has no commit", f"{git} log"
    if found.shallow:
        yield "its history is not whole", f"{git} fetch --unshallow"


def _listed(paths: tuple[str, ...]) -> str:
    more = len(paths) - _NAMED
    return ", ".join(paths[:_NAMED]) + (f" and {more} more" if more > 0 else "")
