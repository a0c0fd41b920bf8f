"""A submodule's git directory, a repository again but for a HEAD, which whoever keeps it knows."""

import contextlib
import os

from pmrunnerd.services.broom.entries import DIRECTORY, find, is_other, read
from pmrunnerd.services.broom.hands import Hands
from pmrunnerd.services.broom.references import clear_files, put_logs_right
from pmrunnerd.services.broom.refnames import is_reference


def put_right(hands: Hands, module: bytes) -> None:
    try:
        git = os.open(module, DIRECTORY)
    except OSError:
        return
    try:
        _have_directories(hands, git)
        clear_files(hands, (b"HEAD", b"index", b"packed-refs"), git)
        head = (read(b"HEAD", git) or b"").rstrip()
        own = head.removeprefix(b"ref:").strip()
        put_logs_right(hands, own if is_reference(own) else b"refs/heads/x", git)
    finally:
        os.close(git)


def _have_directories(hands: Hands, git: int) -> None:
    for name in (b"objects", b"refs", b"refs/heads"):
        found = find(name, git)
        if found is not None and is_other(found):
            if not hands.errand.is_new(found):
                continue
            hands.delete(name, git)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=git)
