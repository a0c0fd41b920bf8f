"""Lists the releases of an environment, and deletes those that nobody can want."""

import os
from datetime import UTC, datetime
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import proof
from pmrunnerd.model.errors import Forbidden, NotFound
from pmrunnerd.model.proof import Kept, ReleaseRow
from pmrunnerd.rules.proof.found import Found, Papers
from pmrunnerd.services.releases import papers
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk

# What is on its way out has this name, so that whoever is killed meanwhile leaves something to finish.
_GOING: Final = ".pruning-"
# As the builder writes it: after an upgrade of Python a release of the one before is none.
_SOABI: Final = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")


class Made(msgspec.Struct, frozen=True):
    """Who built a release, and when; nothing where nobody knows."""

    by: str = ""
    at: int = 0


def rows(shelf: Shelf) -> tuple[ReleaseRow, ...]:
    """Return what there is, the oldest first. Raises PmError, OSError."""
    return _rows(shelf, shelf.used())


def built(shelf: Shelf) -> tuple[ReleaseRow, ...]:
    """Return what there is, the oldest first, without a look at who uses it. Raises PmError, OSError."""
    return _rows(shelf, {})


def of_source(shelf: Shelf, source: str) -> ReleaseRow | None:
    """Return the latest release of a source that this Python can run, if there is one. Raises OSError."""
    try:
        rows = built(shelf)
    except NotFound:  # nothing is installed here, and nothing was built yet
        return None
    fitting = (one for one in reversed(rows) if (one.source, one.soabi) == (source, _SOABI))
    return next(fitting, None)


def _rows(shelf: Shelf, used: dict[str, list[int]]) -> tuple[ReleaseRow, ...]:
    found = [(_age(shelf.releases / name), name) for name in shelf.names()]
    return tuple(_row(shelf, name, used.get(name, [])) for _, name in sorted(found))


def _age(release: Path) -> float:
    return release.lstat().st_ctime


def _row(shelf: Shelf, name: str, processes: list[int]) -> ReleaseRow:
    release = shelf.releases / name
    paper = papers.paper(release / proof.RELEASE, 1 << 20)
    facts = Found(name=name, environment="", papers=Papers(release=paper)).facts
    by_whom = made(release)
    return ReleaseRow(
        id=name,
        version=facts.version if facts else "",
        source=facts.source if facts else "",
        python=facts.python if facts else "",
        soabi=facts.soabi if facts else "",
        tree=facts.tree if facts else "",
        level=facts.level if facts else 0,
        built_by=by_whom.by,
        built_at=f"{datetime.fromtimestamp(by_whom.at, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        if by_whom.at
        else "",
        is_dist=shelf.pointed() == name,
        is_previous=shelf.pointed("previous") == name,
        is_signed=(release / proof.PAPERS / proof.SIGNATURE).exists(),
        processes=tuple(processes),
        trouble="" if facts else f"{proof.RELEASE} is not what it should be",
    )


def made(release: Path) -> Made:
    """Return who built a release."""
    found = papers.paper(release / proof.BUILT, 1 << 16)
    try:
        return msgspec.json.decode(found, type=Made) if isinstance(found, bytes) else Made()
    except (msgspec.DecodeError, RecursionError):
        return Made()


def delete(shelf: Shelf, decided: tuple[Kept, ...]) -> tuple[Kept, ...]:
    """Delete the releases without a reason to stay; return what became of each. Raises PmError, OSError.

    Each is first moved out of the way and looked at again: from then on nobody can begin to use it.
    """
    _must_see_all(shelf)
    disk = Disk()
    for left in shelf.releases.glob(f"{_GOING}*"):  # of one who was killed
        disk.remove_tree(left)
    return tuple(one if one.why else _delete(shelf, disk, one) for one in decided)


def _must_see_all(shelf: Shelf) -> None:
    """Raise Forbidden where a process may use a release without our knowledge."""
    if shelf.releases.stat().st_uid != os.geteuid():
        raise Forbidden(
            f"cannot delete releases of {shelf.environment}: whoever does must own them,"
            " and see every process",
            hint="sudo pmrunnerctl release prune",
        )


def _delete(shelf: Shelf, disk: Disk, one: Kept) -> Kept:
    there, going = shelf.releases / one.id, shelf.releases / f"{_GOING}{one.id}"
    disk.rename(there, going)
    if one.id in (shelf.pointed(), shelf.pointed("previous")) or going.name in shelf.used():
        disk.rename(going, there)
        return Kept(id=one.id, why="somebody began to use it")
    disk.remove_tree(going)
    disk.sync_directory(shelf.releases)
    return one
