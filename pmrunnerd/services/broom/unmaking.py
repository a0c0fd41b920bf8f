"""Makes a repository none, by renaming what git knows one by: it can be called so again."""

import os

from pmrunnerd.services.broom.entries import DIRECTORY, chance, find, is_directory, names
from pmrunnerd.services.broom.errand import Errand
from pmrunnerd.services.broom.repositories import LEADS
from pmrunnerd.services.broom.walking import walk


def unmake(name: bytes, place: int, errand: Errand) -> None:
    """Have nothing in what was set aside be a repository, until somebody calls it so again."""
    top = os.open(name, DIRECTORY, dir_fd=place)
    try:
        walk(top, _look, errand)
    finally:
        os.close(top)


def _look(here: int, _: bytes, inside: list[bytes]) -> list[bytes]:
    for name in (b".git", b"HEAD"):
        if name in inside and (name == b".git" or not LEADS.isdisjoint(inside)):
            _rename(name, b".kept" if name + b".kept" not in inside else chance(), here)
    return [name for name in names(here) if is_directory(find(name, here))]


def disable(here: int) -> None:
    """Have an open directory, which cannot be moved, be no repository any more; raise OSError."""
    for name in (b".git", b"HEAD"):
        if find(name, here) is not None:
            _rename(name, chance(), here)


def _rename(name: bytes, more: bytes, here: int) -> None:
    os.rename(name, name + more, src_dir_fd=here, dst_dir_fd=here)
