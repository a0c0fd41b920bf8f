import os
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pmrunnerd.rules.proof import manifest
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
