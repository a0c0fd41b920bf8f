import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from pmrunnerd.rules.proof import manifest
from pmrunnerd.rules.proof.manifest import Entry
from pmrunnerd.services.releases import tree

PACKAGING = Path(__file__).parents[4] / "packaging"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A tree with one of each kind, and a name that is no text."""
    top = tmp_path / "top"
    (top / "a/b").mkdir(parents=True)
    (top / "a/b/file").write_text("x")
    (top / "program").write_text("#!/bin/sh\n")
    (top / "program").chmod(0o755)
    (top / "link").symlink_to("a/b")
    (top / "broken").symlink_to("nowhere")
    Path(os.fsdecode(bytes(top) + b"/\xff\n name")).write_bytes(b"\0")
    for path in (top, top / "a", top / "a/b", top / "a/b/file"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return top


def test_the_builder_and_the_prover_see_the_same_tree(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(PACKAGING))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    builders = import_module("contents")
    contents, differences = builders.contents, builders.differences

    listing = manifest.write(tree.look(top))

    assert contents(top).listing == listing
    assert contents(top).digest == manifest.digest(listing)

    (top / "a/b/file").write_text("y")
    (top / "program").chmod(0o644)
    assert differences(listing, contents(top).listing) == ["a/b/file", "program"]
    assert [
        one.split()[0] for one in manifest.differences(manifest.read(listing), tree.look(top))
    ] == [
        "a/b/file",
        "program",
    ]


def test_what_is_neither_file_nor_link_is_of_no_kind_that_is_built(top: Path) -> None:
    os.mkfifo(top / "pipe")

    assert tree.look(top)["pipe"].kind == "other"


def test_only_a_tree_that_its_owner_alone_can_change_has_nothing_writable(top: Path) -> None:
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o022)
    assert tree.writable(top) == ()

    (top / "a/b").chmod(0o777)
    (top / "program").chmod(0o775)

    assert tree.writable(top) == ("a/b", "program")


def test_a_tree_that_cannot_be_looked_at_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tree.look(tmp_path / "none")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be known at once: no clock of the kernel ticks that slowly."""
    monkeypatch.setattr(tree, "SETTLED", -60.0)


def _rewritten(path: Path) -> None:
    about = path.stat()
    path.write_text("y")  # as long as it was
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def _exchanged(path: Path) -> None:
    path.rename(path.with_name("away"))
    path.write_text("y")
    path.with_name("away").unlink()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", [_rewritten, _exchanged])
def test_what_was_touched_since_is_read_again_whatever_it_looks_like(
    top: Path, change: Callable[[Path], None]
) -> None:
    known = tree.Known()
    before = tree.look(top, known.entry)
    _tick(top)
    change(top / "a/b/file")
    after = tree.look(top, known.entry)

    assert after == tree.look(top)
    assert {name for name in before if after[name] != before[name]} == {"a/b/file"}


def _tick(top: Path) -> None:
    """Wait until the kernel's clock of files is another one."""
    probe = top.parent / "probe"
    probe.touch()
    first = now = probe.stat().st_ctime_ns
    while now == first:
        probe.touch()
        now = probe.stat().st_ctime_ns


@pytest.mark.usefixtures("settled")
def test_what_was_not_touched_is_not_read_again(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = tree.Known()
    before = tree.look(top, known.entry)
    monkeypatch.setattr(tree, "_entry", None)  # nobody can read

    assert tree.look(top, known.entry) == before


def test_what_was_changed_just_now_is_read_each_time(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tree.Known()
    again: list[str] = []
    before = tree.look(top, known.entry)
    read = tree._entry

    def counted(path: str) -> Entry:
        again.append(path)
        return read(path)

    monkeypatch.setattr(tree, "_entry", counted)

    # Within the same tick it could be another one and look the same.
    assert tree.look(top, known.entry) == before
    assert str(top / "a/b/file") in again
