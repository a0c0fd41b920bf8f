"""Goes through a commit's trees in the order in which its objects come: a directory, then all in it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from pmrunnerd.model.source import BOUNDS, Bounds
from pmrunnerd.rules.source import commits, names, trees
from pmrunnerd.rules.source.trees import Item, Malformed, Mode
from pmrunnerd.services.source.objects import Damaged, Objects

_SHOWN: Final = 10


class Enter(NamedTuple):
    """The next entries are in this directory."""

    name: str


class Leave(NamedTuple):
    """The directory that was entered last has no more entries."""


class Leaf(NamedTuple):
    """An entry that is no directory; whoever is told has to take its object."""

    path: str
    item: Item


Step = Enter | Leave | Leaf


class Wrong:
    """What a source cannot be taken for; gathered, so that a person is told all of it at once."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self.count = 0

    def add(self, path: str, why: str) -> None:
        """Take note of an entry and what is wrong with it."""
        self.count += 1
        if len(self._first) < _SHOWN:
            self._first.append(f"{names.shown(path.encode(errors='backslashreplace'))}: {why}")

    def __str__(self) -> str:
        more = self.count - len(self._first)
        return "; ".join([*self._first, *([f"and {more} more"] if more else [])])


class TooMuch(ValueError):
    """There is more of it than is taken; nothing more of it was looked at."""


def tree_of(objects: Objects, commit: str) -> str:
    """Return the tree of a commit, which has to come now. Raises Damaged."""
    try:
        return commits.parse(objects.whole(commit, "commit")).tree
    except Malformed as exc:
        raise Damaged(f"commit {commit} is none: {exc}") from exc


def walk(objects: Objects, tree: str, wrong: Wrong, bounds: Bounds = BOUNDS) -> Iterator[Step]:
    """Go through a tree, which has to come now.

    Of a directory with a name that cannot be, all steps are the same. Raises Damaged, TooMuch.
    """
    count, length = 0, len(tree) // 2
    place: list[str] = []
    below = [iter(_items(objects, tree, length))]
    while below:
        item = next(below[-1], None)
        if item is None:
            below.pop()
            if below:
                place.pop()
                yield Leave()
            continue
        name = item.name.decode(errors="backslashreplace")
        path = "/".join([*place, name])
        if why := names.refusal(item.name):
            wrong.add(path, why)
        if len(path.encode()) > bounds.path:
            raise TooMuch(f"paths of more than {bounds.path} bytes are in it")
        count += 1
        if item.mode is Mode.TREE:
            if len(below) > bounds.depth:
                raise TooMuch(f"directories lie more than {bounds.depth} deep in it")
            inside = _items(objects, item.id, length)
            if not inside:
                wrong.add(path, "it is an empty directory, of which no digest can tell")
            yield Enter(name)
            place.append(name)
            below.append(iter(inside))
        else:
            yield Leaf(path, item)
        # Directories count, too: a few trees, each ten times in another, are any number of them.
        if count > 2 * bounds.files:
            raise TooMuch(f"it has more than {bounds.files} files")


def _items(objects: Objects, id: str, width: int) -> list[Item]:
    try:
        return trees.items(objects.whole(id, "tree"), width)
    except Malformed as exc:
        raise Damaged(f"tree {id} is none: {exc}") from exc
