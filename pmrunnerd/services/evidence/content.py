"""The source digest of a commit where git can be asked itself: as everybody who extracts it has it."""

import asyncio
import os
from io import BufferedReader, FileIO
from typing import Final

from pmrunnerd.services.git import Git, TooSlow
from pmrunnerd.services.source import measuring
from pmrunnerd.services.source.sending import TREE

_AT_ONCE: Final = 1 << 20


async def source(git: Git, commit: str) -> str:
    """Return the source digest of a commit, by its full id.

    Raises PmError: GitFailed, Refused for what no source has, and whatever else `measure` raises.
    """
    there, here = os.pipe2(os.O_CLOEXEC)

    def measured() -> str:
        # Closed at once where something is wrong, so that git does not write for nobody.
        reader: BufferedReader = BufferedReader(FileIO(there), _AT_ONCE)
        with reader as file:
            return measuring.measure(file, commit).digest

    async def send() -> None:
        try:
            await git.send(TREE, here, COMMIT=commit)
        finally:
            # Only then does whoever reads come to an end.
            os.close(here)

    found, sent = await asyncio.gather(asyncio.to_thread(measured), send(), return_exceptions=True)
    # Whoever reads knows more of what is wrong than git does; but not that nobody waited any longer.
    if isinstance(sent, TooSlow):
        raise sent
    if isinstance(found, BaseException):
        raise found
    if isinstance(sent, BaseException):
        raise sent
    return found
