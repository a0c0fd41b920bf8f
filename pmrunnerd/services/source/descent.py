"""Up and down in a tree of directories with one of them open: depth costs no files, and no link is followed."""

import errno
import os
from typing import Final

DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE: Final = 0o755


class Descent:
    """Is at one place of a tree; `here` is open there. It takes over the descriptor of the top."""

    def __init__(self, top: int) -> None:
        self.here = top
        self._above: list[tuple[int, int]] = []

    def make(self, name: str) -> None:
        """Make a directory, which must not be there, and go down into it. Raises OSError."""
        os.mkdir(name, 0o700, dir_fd=self.here)
        self.enter(name)
        # Said, so that no umask counts.
        os.fchmod(self.here, _MODE)

    def enter(self, name: str) -> None:
        """Go down into a directory. Raises OSError, as where it is a link."""
        there = os.open(name, DIRECTORY, dir_fd=self.here)
        self._above.append(_who(self.here))
        os.close(self.here)
        self.here = there

    def leave(self) -> None:
        """Go back up. Raises OSError where above is another directory than we came from."""
        there = os.open("..", DIRECTORY, dir_fd=self.here)
        os.close(self.here)
        self.here = there
        if _who(there) != self._above.pop():
            raise OSError(errno.ESTALE, "a directory was moved while we were in it")

    def close(self) -> None:
        os.close(self.here)


def _who(file: int) -> tuple[int, int]:
    about = os.fstat(file)
    return about.st_dev, about.st_ino
