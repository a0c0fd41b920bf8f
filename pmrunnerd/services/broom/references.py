"""What git finds its references by: HEAD, the run's branch, lists of them, directories and logs."""

import contextlib
import os
import stat
from collections.abc import Iterable
from typing import Final

from pmrunnerd.services.broom.entries import above, find, is_directory, is_other, read, write
from pmrunnerd.services.broom.hands import Hands
from pmrunnerd.services.broom.lists import mend
from pmrunnerd.services.broom.refnames import is_head, is_id, is_packed, is_reference

_NOTE: Final = b"pm-runner-run"  # of `marker`


def directories(own: bytes) -> tuple[bytes, ...]:
    """Return what has to be a directory in a repository with a branch of this full name."""
    return (b"objects", *above(own))


def put_right(hands: Hands, git: int, own: bytes) -> None:
    """Have `.git` be a repository again, where it is none for the lack of a HEAD, say."""
    for name in directories(own):
        _have_directory(hands, name, git)
    clear_directories(hands, (b"refs/pm-runner", b"refs/pm-runner/runs"), git)
    clear_files(hands, (b"index", b"HEAD", b"packed-refs", b"shallow", _NOTE, own), git)
    put_logs_right(hands, own, git)
    mend(hands, b"packed-refs", is_packed, git)
    mend(hands, b"shallow", is_id, git)


def have_head(hands: Hands, git: int, own: bytes) -> None:
    """Have HEAD say something: the branch that the run began on, where it is of no use."""
    for name in (own, b"HEAD"):
        if _is_junk(hands, name, git):
            hands.remove(name, git, b".git")
    if find(b"HEAD", git) is None:
        write(b"HEAD", b"ref: " + own + b"\n", git)


def put_logs_right(hands: Hands, own: bytes, git: int) -> None:
    """Have git write what it did with HEAD and a branch: where it cannot, it does nothing."""
    clear_directories(hands, above(b"logs/" + own), git)
    clear_files(hands, (b"logs/HEAD", b"logs/" + own), git)


def clear_directories(hands: Hands, names: Iterable[bytes], git: int) -> None:
    """Take away what stands where a directory belongs."""
    for name in names:
        if is_other(find(name, git)):
            hands.delete(name, git)


def clear_files(hands: Hands, names: Iterable[bytes], git: int) -> None:
    """Move directories aside that stand where a file belongs."""
    for name in names:
        if is_directory(find(name, git)):
            hands.delete(name, git)


def _have_directory(hands: Hands, name: bytes, git: int) -> None:
    """Make a directory, or move the one back that a link of the run's leads to."""
    found = find(name, git)
    if found is not None and stat.S_ISLNK(found.st_mode):
        to = os.readlink(name, dir_fd=git)
        beside = hands.errand.git + b"/" + name.rpartition(b"/")[0] + b"/"
        target = os.path.realpath(beside + to)
        hands.remove(name, git, b".git")
        if target.startswith(hands.errand.top + b"/"):
            with contextlib.suppress(OSError):
                os.rename(target, name, dst_dir_fd=git)
    elif is_other(found):
        hands.delete(name, git)
        hands.report.lost.append(name)
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=git)


def _is_junk(hands: Hands, name: bytes, git: int) -> bool:
    """Tell whether the run made of a file of one line what git can make nothing of."""
    found = find(name, git)
    if found is None or not hands.errand.is_new(found):
        return False
    if stat.S_ISLNK(found.st_mode):
        return not is_reference(os.readlink(name, dir_fd=git))
    return not is_head((read(name, git) or b"").rstrip())
