"""By what git would find an object that a run put in another's place: replacements, other stores."""

import os
from typing import Final

from pmrunnerd.services.broom.entries import MOST, find, is_directory, read, write
from pmrunnerd.services.broom.hands import Hands
from pmrunnerd.services.broom.lists import is_to_mend, mend

REPLACE: Final = b"refs/replace/"


def put_right(hands: Hands, git: int) -> None:
    """Have git read each object as itself, in `.git` and in each submodule's."""
    for repository in hands.errand.repositories:
        _unreplace(hands, repository.removeprefix(hands.errand.git).lstrip(b"/"), git)
        _mend_alternates(hands, repository + b"/objects", git)


def _unreplace(hands: Hands, repository: bytes, git: int) -> None:
    """Take out of packed references those by which git reads one object for another."""
    name = repository + b"/packed-refs" if repository else b"packed-refs"
    if not is_to_mend(hands, name, git):
        return
    fine, gone = list[bytes](), list[bytes]()
    to = fine
    for line in (read(name, git) or b"").splitlines(keepends=True):
        # What it leads to follows a reference in a line of its own.
        if not line.startswith(b"^"):
            to = gone if line.partition(b" ")[2].startswith(REPLACE) else fine
        to.append(line)
    if gone:
        # A gc of the run's packs a person's, too.
        hands.move(name, git)
        write(name, b"".join(fine), git)
        names = (line.rstrip().partition(b" ")[2] for line in gone)
        above = b".git/" + name.removesuffix(b"packed-refs")
        hands.report.removed += [above + name for name in names if name]


def _mend_alternates(hands: Hands, objects: bytes, git: int) -> None:
    """Have git look for objects nowhere that a run could have put something."""
    errand = hands.errand
    name = objects.removeprefix(errand.git + b"/") + b"/info/alternates"

    def is_elsewhere(line: bytes) -> bool:
        if line[:1] in {b"", b"#"} or b"\0" in line:
            return b"\0" not in line
        # What cannot be seen from here was no store of a person's: git needed it in here, too.
        path = os.path.realpath(line if line[:1] == b"/" else objects + b"/" + line)
        inside = (errand.top + b"/", b"/proc/", b"/dev/")
        return is_directory(find(path, None)) and not (path + b"/").startswith(inside)

    found = find(name, git)
    if found is not None and found.st_size > MOST and errand.is_new(found):
        hands.lose(name, git)
    mend(hands, name, is_elsewhere, git)
