"""What the daemon has done in workspaces, and with what is an agent's: here, or by somebody else."""

from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from pmrunnerd.model.errand import A, Errand


def never() -> bool:
    """Say that it is not enough yet, whenever one asks."""
    return False


class Cargo(Struct, frozen=True, kw_only=True):
    """What becomes of more than fits into an answer: a file that whoever does the errand writes.

    `take` is called in a thread once there is an answer; where the file is ours to make it has no
    name, and its room is that of the directory `beside`. It may have been written by anybody.
    """

    beside: Path
    take: Callable[[BufferedReader], None]


class Errands(Protocol):
    """Has errands done, and knows whether what they need is ours to look at.

    `sealed` says that we are not the user who works in workspaces, and start nothing there.
    """

    sealed: bool

    async def do(
        self,
        errand: Errand[A],
        *,
        secret: str = "",
        enough: Callable[[], bool] = never,
        cargo: Cargo | None = None,
    ) -> A:
        """Have it done and return what came of it; `secret` is for a login that is to be kept.

        What takes long ends early where there was `enough`. Raises what doing it raises: PmError
        with a hint, OSError; and what `cargo` raises.
        """

    async def clear_abandoned(self) -> None:
        """End what is left of the errands of a daemon that was killed."""
