"""Takes away what lies in the way: deleted, or set aside in a place that nobody could know before."""

import contextlib
import os
from typing import Final

from pmrunnerd.services.broom.entries import DIRECTORY, chance, find, is_other, own
from pmrunnerd.services.broom.errand import KEPT, Errand, Report
from pmrunnerd.services.broom.unmaking import unmake

_NAME: Final = 200  # bytes of a name that is kept; the kernel takes 255


class Hands:
    """Does what the errand takes, and remembers it for the report."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.report = Report()
        self._place: int | None = None

    def delete(self, name: bytes, here: int) -> None:
        """Delete a file, or move a directory aside, whatever is in it."""
        try:
            os.unlink(name, dir_fd=here)
        except IsADirectoryError:
            own(name, here, self.errand)
            self.move(name, here)
        except FileNotFoundError:
            pass

    def remove(self, name: bytes, here: int, above: bytes) -> None:
        """Take away what is no file, and remember what it was called and where it led."""
        path = above.rstrip(b"/") + b"/" + name if above else name
        with contextlib.suppress(OSError):  # it is no link
            path += b" -> " + os.readlink(name, dir_fd=here)
        self.delete(name, here)
        self.report.removed.append(path)

    def move(self, name: bytes, here: int) -> bytes:
        """Move something aside as it is, and return its name there; raise OSError."""
        free = self._free(name.rpartition(b"/")[2])
        os.rename(name, free, src_dir_fd=here, dst_dir_fd=self._there())
        return free

    def lose(self, name: bytes, git: int) -> None:
        """Move a file of git's aside, of which not all that was in it can be had again."""
        self.move(name, git)
        self.report.lost.append(name)

    def put_aside(self, here: int, path: bytes) -> bool:
        """Move an open directory aside, where nothing in it is a repository, if it can be moved."""
        try:
            above = os.open(b"..", DIRECTORY, dir_fd=here)
            try:
                free = self.move(path.rpartition(b"/")[2], above)
            finally:
                os.close(above)
        except OSError:
            return False
        unmake(free, self._there(), self.errand)
        return True

    def take(self, here: int, path: bytes) -> bool:
        """Move an open directory aside, and remember that it was taken."""
        is_aside = self.put_aside(here, path)
        if is_aside:
            self.report.taken.append(path)
        return is_aside

    def _there(self) -> int:
        if self._place is None:
            here = os.open(self.errand.git, DIRECTORY)
            if is_other(find(KEPT, here)):
                self.delete(KEPT, here)
            with contextlib.suppress(FileExistsError):
                os.mkdir(KEPT, dir_fd=here)
            own(KEPT, here, self.errand)
            kept = os.open(KEPT, DIRECTORY, dir_fd=here)
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.errand.aside, dir_fd=kept)
            self._place = os.open(self.errand.aside, DIRECTORY, dir_fd=kept)
            os.close(kept)
            os.close(here)
        return self._place

    def _free(self, name: bytes) -> bytes:
        """Return a name that is free there, and not too long."""
        free = name[:_NAME]
        while find(free, self._there()) is not None:
            free = name[:_NAME] + chance()
        return free
