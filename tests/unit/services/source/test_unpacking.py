import os
import resource
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, PmError, Refused, TooLarge
from pmrunnerd.model.source import Bounds, Extracted
from pmrunnerd.services.source import unpacking
from pmrunnerd.services.source.objects import Damaged
from tests.unit.rules.source.test_digest import CONTENTS
from tests.unit.rules.source.test_pointers import POINTER
from tests.unit.services.parts import descriptors, git
from tests.unit.services.source.parts import brought, commit, empty, of, reader, store, tree

X = "100644"


def taken(here: Path, made: str, into: Path, bounds: Bounds | None = None) -> Extracted:
    return unpacking.unpack(reader(brought(here, made)), made, into, bounds or Bounds())


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([("160000", "sub", None)], "sub: it is a submodule"),
        ([(X, "big", POINTER)], "big: it is a pointer of Git LFS"),
        ([("120000", "l", b"/etc")], "l: it is a link to an absolute path"),
        ([("120000", "l", b"../x")], "l: it is a link out of the source"),
        ([("120000", "l", b"")], "l: it is a link to nothing"),
        ([(X, ".git", b"")], ".git: git would take it for a repository"),
        ([(X, "..", b"")], "..: it names the directory above"),
        ([(X, "a/b", b"")], "a/b: a slash or a NUL"),
        ([(X, b"\xff", b"")], "its name is not UTF-8"),
        ([("120000", "EVIDENCE.md", b"x")], "EVIDENCE.md: it is a link"),
        ([("40000", "EVIDENCE.md", b"")], "EVIDENCE.md: it is a directory"),
        (
            [(X, "EVIDENCE.md", b"x" * ((1 << 20) + 1))],
            "EVIDENCE.md: it has more than 1048576 bytes",
        ),
        ([(X, ".GIT", b""), ("120000", "l", b"/etc")], r"\.GIT: .*; l: it is a link"),
    ],
    ids=range(13),
)
def test_what_cannot_be_represented_is_refused_by_name_and_nothing_is_there(
    tmp_path: Path, entries: list[tuple[str, str | bytes, bytes | None]], why: str
) -> None:
    here = empty(tmp_path / "w")
    other = tree(here, (X, "f", store(here, "blob", b"x")))
    kinds = {"40000": lambda _: other, "160000": lambda _: "1" * 40}
    made = commit(
        here,
        tree(
            here,
            *(
                (mode, name, kinds.get(mode, lambda text: store(here, "blob", text or b""))(text))
                for mode, name, text in entries
            ),
            ("100644", "zz", store(here, "blob", b"fine")),
        ),
    )
    out = tmp_path / "out"
    out.mkdir()
    before = descriptors()
    with pytest.raises(Refused, match=f"cannot take the source of {made}: .*{why}"):
        taken(here, made, out / "tree")

    assert list(out.iterdir()) == []
    assert descriptors() == before


def test_a_source_is_written_byte_for_byte_with_its_modes_and_without_its_evidence(
    tmp_path: Path,
) -> None:
    here = empty(tmp_path / "w")
    text = b"$Id$\r\n\0\xff\n"
    inner = tree(here, (X, "EVIDENCE.md", store(here, "blob", b"deep")))
    made = commit(
        here,
        tree(
            here,
            (X, "EVIDENCE.md", store(here, "blob", b"not of it")),
            (X, "README", store(here, "blob", text)),
            ("100664", "old", store(here, "blob", b"")),
            ("40000", "d", inner),
            ("120000", "link", store(here, "blob", b"d/EVIDENCE.md")),
            (X, "readme", store(here, "blob", b"another case")),
            ("100755", "two\nlines", store(here, "blob", b"#!/bin/sh\n")),
        ),
    )
    before = os.umask(0o077)
    try:
        found = taken(here, made, tmp_path / "out")
    finally:
        os.umask(before)
    out = tmp_path / "out"

    assert sorted(path.name for path in out.iterdir()) == [
        "README",
        "d",
        "link",
        "old",
        "readme",
        "two\nlines",
    ]
    assert (out / "README").read_bytes() == text
    assert (out / "link").read_text() == "deep"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (out, *out.iterdir())}
    assert modes == {"out": 0o755, "d": 0o755, "two\nlines": 0o755} | dict.fromkeys(
        ("README", "link", "old", "readme"), 0o644
    )
    there = CONTENTS.contents(out)
    assert (found.digest, found.files, found.bytes) == (there.digest, there.files, there.bytes)
    assert (found.commit, found.tree) == (made, git(here, "rev-parse", "main^{tree}").strip())


def _flip(data: bytes) -> bytes:
    return data.replace(b"honest", b"hOnest")


def _swap(data: bytes) -> bytes:
    head, one, two = data.partition(b"honest")
    return head + two + one


LIES: list[tuple[Callable[[bytes], bytes], str]] = [
    (_flip, "f: blob [0-9a-f]+ is not what its name says"),
    (
        lambda data: data.replace(b"100644 f", b"100755 f"),
        "tree [0-9a-f]+ is not what its name says",
    ),
    (lambda data: data.replace(b"\n\nx", b"\n\ny"), "commit [0-9a-f]+ is not what its name says"),
    (lambda data: data[:-3], "did not come to its end"),
    (lambda data: data + b"more", "more came than was wanted"),
    (lambda _: b"", "did not come"),
    (_swap, "did not come|not what its name says"),
]


@pytest.mark.parametrize(("lie", "why"), LIES)
def test_who_brings_something_else_is_found_out(
    tmp_path: Path, lie: Callable[[bytes], bytes], why: str
) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"honest"))
    out = tmp_path / "out"
    out.mkdir()
    honest = brought(here, made)
    assert lie(honest) != honest
    with pytest.raises(Damaged, match=f"cannot take the source of {made}: .*{why}"):
        unpacking.unpack(reader(lie(honest)), made, out / "tree")

    assert list(out.iterdir()) == []
    unpacking.unpack(reader(honest), made, out / "tree")


def test_an_object_that_is_missing_says_which_file_it_is_and_what_helps(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"honest"))
    blob = git(here, "rev-parse", "main:f").strip()
    (here / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(NotFound, match=f"f: blob {blob} is missing") as gone:
        taken(here, made, tmp_path / "out")

    assert "git fetch" in str(gone.value.hint)


def test_what_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"new"))
    (tmp_path / "out").symlink_to("nowhere")
    with pytest.raises(Refused, match="out: something is there"):
        taken(here, made, tmp_path / "out")

    assert (tmp_path / "out").readlink() == Path("nowhere")


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(bytes=9), "more than 500000 files, or 9 bytes"),
        (Bounds(file=9), "f has 10 bytes, and 9 are the most of a file"),
        (Bounds(files=1), "more than 1 files"),
    ],
)
def test_more_than_is_taken_is_refused_in_words(tmp_path: Path, bounds: Bounds, why: str) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"x" * 10), (X, "g", b""))
    (tmp_path / "out").mkdir()
    with pytest.raises(TooLarge, match=why):
        taken(here, made, tmp_path / "out/tree", bounds)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"x" * 100_000))
    data = brought(here, made)
    (tmp_path / "out").mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            unpacking.unpack(reader(data), made, tmp_path / "out/tree")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_crash_left_in_part_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".partial-0123456789abcdef/d").mkdir(parents=True)
    (tmp_path / ".partial-mine").mkdir()
    unpacking.clear(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [".partial-mine"]


class Meddler(BufferedReader):
    """Brings what it should, and has somebody write into what comes to lie on the disk meanwhile."""

    out: Path

    def readline(self, size: int | None = -1, /) -> bytes:
        for path in self.out.glob(".partial-*/f"):
            path.write_bytes(b"forged")
        return super().readline(size)


def test_what_was_changed_on_the_disk_meanwhile_is_found_by_the_second_look(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"honest"), (X, "g", b""))
    (tmp_path / "out").mkdir()
    (tmp_path / "stream").write_bytes(brought(here, made))
    meddler = Meddler((tmp_path / "stream").open("rb", buffering=0))
    meddler.out = tmp_path / "out"
    with meddler, pytest.raises(PmError, match="what came to lie on the disk is not what was read"):
        unpacking.unpack(meddler, made, tmp_path / "out/tree")

    assert list((tmp_path / "out").iterdir()) == []
