from collections.abc import Iterable
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.source import BOUNDS, Kind
from pmrunnerd.services.source.taking import take
from tests.unit.services.source.parts import brought, commit, empty, of, reader, store, tree

X = "100644"


class Told:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def enter(self, name: str) -> None:
        self.said.append(("enter", name))

    def leave(self) -> None:
        self.said.append(("leave",))

    def link(self, name: bytes, target: bytes) -> None:
        self.said.append((name, target))

    def file(self, name: bytes, kind: Kind, content: Iterable[bytes]) -> None:
        self.said.append((name, kind, b"".join(content)))


def test_a_place_is_told_of_each_entry_in_the_order_of_trees(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    inner = tree(here, ("100755", "run", store(here, "blob", b"x")))
    link = store(here, "blob", b"d/run")
    made = commit(here, tree(here, ("40000", "d", inner), ("120000", "l", link)))
    place = Told()
    _, digest = take(reader(brought(here, made)), made, place, BOUNDS, "x")

    assert place.said == [
        ("enter", "d"),
        (b"run", Kind.PROGRAM, b"x"),
        ("leave",),
        (b"l", b"d/run"),
    ]
    assert (digest.files, digest.bytes) == (2, 6)


def test_once_something_is_wrong_nothing_more_is_handed_on_and_all_is_told(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "a", b"a"), ("120000", "b", b"/etc"), (X, "c", b"c"), (X, "d", b""))
    place = Told()
    with pytest.raises(Refused, match=r"cannot x: b: it is a link to an absolute path$"):
        take(reader(brought(here, made)), made, place, BOUNDS, "x")

    assert place.said == [(b"a", Kind.FILE, b"a")]
