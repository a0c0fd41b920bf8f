"""The working tree: without repositories of the run's making, nor what git would wait for; or empty."""

import os
import stat

from pmrunnerd.services.broom.entries import READ, allow, find, is_directory, names, own
from pmrunnerd.services.broom.hands import Hands
from pmrunnerd.services.broom.repositories import is_ours
from pmrunnerd.services.broom.unmaking import disable
from pmrunnerd.services.broom.walking import walk


def clear(hands: Hands, top: int) -> None:
    """Take out of the tree what may not stay, and have git read the rest."""

    def look(here: int, path: bytes, inside: list[bytes]) -> list[bytes] | None:
        if path and _goes(hands, here, path, inside):
            return None
        below = []
        for name in inside:
            found = find(name, here)
            if found is None or name == b".git":
                continue
            if is_directory(found):
                below.append(name)
            elif hands.errand.is_new(found):
                if stat.S_ISREG(found.st_mode):
                    allow(name, here, found, READ)
                elif _waits(name, found):
                    hands.remove(name, here, path)
        if not path and b"HEAD" in inside and {b"objects", b"refs"} <= set(inside):
            _hide_bare(hands, here)
        return below

    walk(top, look, hands.errand)


def evacuate(hands: Hands, top: int, stay: frozenset[bytes]) -> None:
    """Move everything out of the tree that is there, but for what is ignored or somebody's."""
    for name in names(top):
        if name != b".git" and name not in stay:
            own(name, top, hands.errand)
            try:
                hands.move(name, top)
            except OSError:  # it is somebody else's, or a disk of its own
                hands.report.stuck.append(name)


def _goes(hands: Hands, here: int, path: bytes, inside: list[bytes]) -> bool:
    """Move a directory aside that may not stay, and tell whether it is not to be looked into."""
    if is_ours(here, path, inside, hands.errand):
        return _take_out(hands, here, path)
    if not hands.errand.is_too_deep(here, path):
        return False
    # Git passes by what it cannot name.
    if not hands.take(here, path):
        hands.report.stuck.append(path)
    return True


def _take_out(hands: Hands, here: int, path: bytes) -> bool:
    """Move a repository aside, or make a plain directory of it."""
    if hands.take(here, path):
        return True
    try:
        disable(here)
    except OSError:
        hands.report.stuck.append(path)
    else:
        hands.report.taken.append(path)
    return False


def _hide_bare(hands: Hands, top: int) -> None:
    """See to it that the workspace itself is no repository without a working tree."""
    found = find(b"HEAD", top)
    if found is not None and hands.errand.is_new(found):
        hands.move(b"HEAD", top)


def _waits(name: bytes, found: os.stat_result) -> bool:
    """Tell whether git could wait for what is in a tree: it opens some names whatever they are."""
    is_read = name.startswith(b".git") or name == b".mailmap"
    # No name of a pipe is safe: the tree may be somebody's store of objects, now or by a later run.
    return stat.S_ISFIFO(found.st_mode) or (is_read and not stat.S_ISLNK(found.st_mode))
