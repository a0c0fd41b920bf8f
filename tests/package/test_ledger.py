"""What is written down of a gate, for every form of what a daemon could make of its directory."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT

# Of the package: it is no Python package, and so is found by its directory.
sys.path.append(str(ROOT / "packaging"))
gate, ledger, trees = map(importlib.import_module, ("gate", "ledger", "trees"))
contents = importlib.import_module("contents").contents
Places = Any

NAME = "g1-4f2a-one"
Spec = dict[str, Any]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = gate.Places(*(tmp_path / name for name in ("gates", "records", "prepared", "work")))
    for path in found:
        path.mkdir()
    (found.gates / "trees").mkdir()
    return found


@pytest.fixture
def spec(places: Places) -> Spec:
    """Make a gate as a daemon does, and return what it is told."""
    tree = places.gates / "trees/new"
    tree.mkdir()
    (tree / "one").write_text("one")
    digest = contents(tree).digest
    tree.rename(tree.with_name(digest))
    directory = places.gates / NAME
    directory.mkdir()
    for name in ("log", "junit.xml", "told.json"):
        (directory / name).touch()
    spec: Spec = {"gate": "one", "command": "true", "timeout": 60, "tests": "none"}
    spec |= {"network": False, "source": digest, "build": "", "prepared": "", "prepares": ""}
    (directory / "spec.json").write_text(json.dumps(spec))
    return spec


def begin(places: Places, invocation: str = "1") -> int:
    who = {"owner": os.geteuid(), "group": os.getegid(), "invocation": invocation}
    return int(ledger.begin(places, NAME, **who))


def end(places: Places, status: str = "0", invocation: str = "1") -> Spec:
    who = {"owner": os.geteuid(), "group": os.getegid(), "invocation": invocation}
    how = {"result": "success", "code": "exited", "status": status, "by": "x", "used": {}}
    ledger.end(places, NAME, **who, **how)
    found: Spec = json.loads((places.records / f"{NAME}.json").read_text())
    return found


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": 1e9}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": "1"}, "no timeout"),
        ({"command": None}, "no command"),
        ({"command": "a\0b"}, "no file of its source"),
        ({"network": 1}, "no network"),
        ({"source": ""}, "no digest"),
        ({"source": "../../etc"}, "no digest"),
        ({"build": "0" * 63}, "no digest"),
        ({"prepared": "a/" + "0" * 62}, "no digest"),
        ({"tests": "../junit.xml"}, "no file of its source"),
        ({"tests": "/junit.xml"}, "no file of its source"),
        ({"tests": "a//junit.xml"}, "no file of its source"),
        ({"build": "0" * 64}, "build tree is not what its digest says"),
        ({"prepared": "0" * 64}, "No such file"),
    ],
)
def test_a_gate_that_cannot_be_is_not_begun_and_why_is_written_down(
    places: Places, spec: Spec, more: Spec, why: str
) -> None:
    (places.gates / NAME / "spec.json").write_text(json.dumps(spec | more))
    assert begin(places) == 1
    assert list(places.records.iterdir()) == []
    assert why in end(places)["refused"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting"),
        ("[1]", "no object"),
        ("[" * 100_000, "recursion"),
        (" " * (2 << 20), "more than"),
    ],
)
def test_what_is_no_spec_is_none(places: Places, spec: Spec, text: str, why: str) -> None:
    del spec
    (places.gates / NAME / "spec.json").write_text(text)
    assert begin(places) == 1
    assert why in end(places)["refused"]


def test_a_name_that_leads_elsewhere_is_followed_nowhere(places: Places, spec: Spec) -> None:
    directory = places.gates / NAME
    tree = places.gates / "trees" / spec["source"]
    for path in (directory, directory / "spec.json", tree, tree / "one"):
        away = path.with_name("away")
        path.rename(away)
        path.symlink_to(away)
        assert begin(places) == 1, path
        path.unlink()
        away.rename(path)
    (directory / "spec.json").rename(directory / "away")
    os.mkfifo(directory / "spec.json")
    assert begin(places) == 1
    (directory / "spec.json").unlink()
    (directory / "away").rename(directory / "spec.json")
    assert begin(places) == 0


@pytest.mark.parametrize(
    "deed",
    [
        lambda tree: (tree / "two").touch(),
        lambda tree: (tree / "one").chmod(0o755),
        lambda tree: (tree / "one").write_text("two"),
        lambda tree: os.mkfifo(tree / "pipe"),
        lambda tree: (tree / "one").rename(tree.parent / "one"),
        lambda tree: tree.rename(tree.parent / "gone"),
    ],
)
def test_a_tree_that_became_another_after_it_began_is_altered(
    places: Places, spec: Spec, deed: Callable[[Path], object]
) -> None:
    assert begin(places) == 0
    deed(places.gates / "trees" / spec["source"])
    assert end(places)["altered"] == ["source"]


def test_what_was_told_at_the_beginning_is_what_is_written_down(places: Places, spec: Spec) -> None:
    assert begin(places) == 0
    (places.gates / NAME / "spec.json").write_text(json.dumps(spec | {"command": "false"}))
    record = end(places)
    assert record["spec"] == spec
    assert record["altered"] == []
    assert record["seconds"] >= 0


def test_one_that_was_tried_is_not_tried_again_and_keeps_its_record(
    places: Places, spec: Spec
) -> None:
    del spec
    assert begin(places) == 0
    assert begin(places, "2") == 1
    first = end(places, "7")
    assert end(places, "0", invocation="2") == first
    assert end(places, "0") == first
    assert begin(places, "3") == 1


def test_where_others_can_write_nothing_is_written_down(places: Places, spec: Spec) -> None:
    del spec
    places.records.chmod(0o777)
    assert begin(places) == 1
    places.records.chmod(0o750)
    assert begin(places) == 0


def test_trees_are_what_the_package_calls_them(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("a/b/c", "a.b", "z/é"):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tree / "a/b/c").chmod(0o755)
    (tree / "link").symlink_to("a/b")
    (tree / "empty").mkdir()
    (tmp_path / "copy").mkdir()
    root, copy = trees.enter(str(tree)), trees.enter(str(tmp_path / "copy"))
    try:
        whole = contents(tree)
        assert trees.contents(root, copy) == (whole.digest, whole.files, whole.bytes)
    finally:
        os.close(root)
        os.close(copy)
    assert contents(tmp_path / "copy") == contents(tree)


def test_a_tree_deeper_than_any_stack_is_looked_at_and_nothing_is_left_open(tmp_path: Path) -> None:
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    root = trees.enter(str(tmp_path))
    at = os.dup(root)
    for _ in range(300):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(at)
        at = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
    assert trees.contents(root).files == 1
    os.close(root)
    assert {path.name for path in Path("/proc/self/fd").iterdir()} == before


def test_what_was_prepared_goes_after_a_month_in_which_no_gate_needed_it(
    places: Places, spec: Spec
) -> None:
    old, needed, new, half = ("a" * 64, "b" * 64, "c" * 64, f".gone-{'d' * 64}")
    for name in (old, needed, new, half):
        (places.prepared / name / "bin").mkdir(parents=True)
    deep = os.open(places.prepared / half, os.O_RDONLY)
    for _ in range(1200):  # deeper than what deletes it can go: it says so, and the others go
        os.mkdir("d", dir_fd=deep)
        below = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    for name in (old, needed):
        os.utime(places.prepared / name, (1e9, 1e9))
    (places.gates / NAME / "spec.json").write_text(json.dumps({**spec, "prepared": needed}))
    assert begin(places) == 0
    other = "g1-4f2a-two"
    (places.gates / NAME).rename(places.gates / other)
    prepares = {**spec, "gate": "-prepare", "network": True, "prepares": "e" * 64}
    (places.gates / other / "spec.json").write_text(json.dumps(prepares))
    who = {"owner": os.geteuid(), "group": os.getegid(), "invocation": "2", "prepares": True}
    assert ledger.begin(places, other, **who) == 0

    assert {path.name for path in places.prepared.iterdir()} == {needed, new, half, f".{other}"}
    subprocess.run(["rm", "-r", places.prepared / half], check=True)
