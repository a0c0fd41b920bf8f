"""What a run leaves in `.git` and git does not: locks, pipes, links, files that nobody may read."""

import os
import stat
from typing import Final

from pmrunnerd.services.broom.entries import APPEND, READ, allow, find, is_directory
from pmrunnerd.services.broom.errand import KEPT
from pmrunnerd.services.broom.hands import Hands
from pmrunnerd.services.broom.objects import REPLACE
from pmrunnerd.services.broom.walking import walk

# What nobody in a sandbox can write, in each repository, and in `.git` alone.
_SEALED: Final = (b"hooks", b"info")
_SEALED_TOP: Final = (b"worktrees",)
# What goes aside as it is, since it may be missed.
_TOLD: Final = frozenset({b"packed-refs", b"shallow"})
# Directories of `.git` in which a name that ends so can be somebody's own.
_NAMES: Final = frozenset({b"modules", b"worktrees", KEPT})


def clear(hands: Hands, git: int, links: frozenset[bytes]) -> None:
    """Take it away, but for `links`, which are put right by whoever knows what they stand for."""
    walk(git, _Litter(hands, links).look, hands.errand)


class _Litter:
    def __init__(self, hands: Hands, links: frozenset[bytes]) -> None:
        self._hands = hands
        self._errand = hands.errand
        self._links = links
        every = self._errand.repositories
        self._sealed = {b"%s/%s" % (git, name) for git in every for name in _SEALED}
        self._sealed |= {b"%s/%s" % (self._errand.git, name) for name in _SEALED_TOP}
        self._replacing = tuple(b"%s/%s" % (git, REPLACE) for git in every)

    def look(self, here: int, path: bytes, inside: list[bytes]) -> list[bytes] | None:
        if self._errand.is_too_deep(here, path) and self._hands.put_aside(here, path):
            return None
        if self._errand.git + b"/" + path in self._sealed:
            return []  # a link in there is a person's
        below = []
        for name in inside:
            found = find(name, here)
            if found is None:
                continue
            if self._is_in_the_way(name, path, found):
                self._hands.delete(name, here)
            elif is_directory(found):
                if not (path == b"" and name == KEPT):
                    below.append(name)
            elif self._errand.is_new(found):
                self._put_right(name, here, path, found)
        return below

    def _is_in_the_way(self, name: bytes, path: bytes, found: os.stat_result) -> bool:
        """Tell whether it is a lock of the run's, or a link among the references that we make."""
        if path.startswith(b"refs/pm-runner") and stat.S_ISLNK(found.st_mode):
            return True
        if not name.endswith(b".lock") or not self._errand.is_new(found):
            return False
        return not is_directory(found) or path.partition(b"/")[0] not in _NAMES

    def _put_right(self, name: bytes, here: int, path: bytes, found: os.stat_result) -> None:
        if (self._errand.git + b"/" + path + b"/").startswith(self._replacing):
            self._hands.remove(name, here, b".git/" + path)
        elif stat.S_ISREG(found.st_mode):
            allow(name, here, found, READ if b"objects" in path.split(b"/") else APPEND)
        elif self._is_trap(path + b"/" + name if path else name, found):
            self._hands.remove(name, here, b".git/" + path)

    def _is_trap(self, path: bytes, found: os.stat_result) -> bool:
        """Tell whether git outside would wait for it, or write where a link of the run's leads."""
        if path in _TOLD:
            return False
        return not stat.S_ISLNK(found.st_mode) or path not in self._links
