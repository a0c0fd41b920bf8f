from pathlib import Path

import pytest

from pmrunnerd.model.source import Bounds
from pmrunnerd.services.source.objects import Damaged, Objects
from pmrunnerd.services.source.walk import Enter, Leaf, Leave, TooMuch, Wrong, tree_of, walk
from tests.unit.services.source.parts import brought, commit, empty, reader, store, tree


def walked(here: Path, made: str, bounds: Bounds | None = None) -> tuple[list[str], Wrong]:
    objects, wrong = Objects(reader(brought(here, made)), 40), Wrong()
    found = []
    for step in walk(objects, tree_of(objects, made), wrong, bounds or Bounds()):
        match step:
            case Enter(name):
                found.append(f"+{name}")
            case Leave():
                found.append("-")
            case Leaf(path, item):
                objects.whole(item.id, "blob")
                found.append(path)
    return found, wrong


def test_a_directory_is_left_once_all_in_it_was_told(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    text = store(here, "blob", b"x")
    low = tree(here, ("100644", "f", text))
    top = tree(here, ("40000", "a", tree(here, ("40000", "b", low))), ("100644", "a.txt", text))
    found, wrong = walked(here, commit(here, top))

    assert found == ["+a", "+b", "a/b/f", "-", "-", "a.txt"]
    assert wrong.count == 0


def test_all_that_is_wrong_is_told_at_once_and_of_very_much_how_much(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    text = store(here, "blob", b"x")
    bad = tree(here, *(("100644", b"\xff%02d" % number, text) for number in range(12)))
    _, wrong = walked(here, commit(here, tree(here, ("40000", "d", bad))))

    assert str(wrong).startswith("d/\\xff00: its name is not UTF-8; d/\\xff01: ")
    assert str(wrong).endswith("; and 2 more")


def test_an_empty_directory_is_refused_since_nobody_could_tell_that_it_is_gone(
    tmp_path: Path,
) -> None:
    here = empty(tmp_path / "w")
    _, wrong = walked(here, commit(here, tree(here, ("40000", "d", tree(here)))))

    assert str(wrong) == "d: it is an empty directory, of which no digest can tell"


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(depth=2), "directories lie more than 2 deep"),
        (Bounds(path=4), "paths of more than 4 bytes"),
        (Bounds(files=1), "more than 1 files"),
    ],
)
def test_more_than_is_taken_is_said_in_words(tmp_path: Path, bounds: Bounds, why: str) -> None:
    here = empty(tmp_path / "w")
    inner = tree(here, ("100644", "f", store(here, "blob", b"x")))
    for _ in range(3):
        inner = tree(here, ("40000", "d", inner))
    made = commit(here, inner)

    assert walked(here, made)[0] == ["+d", "+d", "+d", "d/d/d/f", "-", "-", "-"]
    with pytest.raises(TooMuch, match=why):
        walked(here, made, bounds)


def test_a_commit_that_is_none_and_a_tree_that_is_none_are_damage(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    words = store(here, "commit", b"tree is what I am not\n\nhello")
    twice = tree(here, *[("100644", "f", store(here, "blob", b"x"))] * 2)
    with pytest.raises(Damaged, match=rf"commit {words} is none"):
        tree_of(
            Objects(reader(b"%s commit 28\ntree is what I am not\n\nhello\n" % words.encode()), 40),
            words,
        )
    with pytest.raises(Damaged, match=rf"tree {twice} is none: a name stands in it twice"):
        walked(here, commit(here, twice))
