from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.source import Wanted
from pmrunnerd.services.source import evidence
from pmrunnerd.services.source.objects import Damaged
from pmrunnerd.services.source.unpacking import unpack
from tests.unit.rules.source.test_pointers import POINTER
from tests.unit.services.source.parts import brought, commit, empty, of, reader, store, tree

X = "100644"
NAME = "EVIDENCE.md"


def text(here: Path, made: str) -> str:
    return evidence.read(reader(brought(here, made, Wanted.EVIDENCE)), made)


@pytest.mark.parametrize(
    ("mode", "content", "why"),
    [
        ("120000", b"README", "it is a link"),
        # Of 100 MB no more comes than of this.
        (X, b"x" * 3_000_000, "it has 3000000 bytes, and 1048576 are the most"),
        (X, b"caf\xe9", "it is not UTF-8, at byte 3"),
        (X, POINTER, "it is a pointer of Git LFS"),
    ],
    ids=["link", "large", "bytes", "pointer"],
)
def test_what_is_no_text_of_a_person_s_is_refused_by_name(
    tmp_path: Path, mode: str, content: bytes, why: str
) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (mode, NAME, content))
    with pytest.raises(Refused, match=f"cannot read EVIDENCE.md of {made}: {why}"):
        text(here, made)


def test_a_directory_and_a_submodule_of_that_name_are_refused(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    inner = tree(here, (X, "f", store(here, "blob", b"")))
    with pytest.raises(Refused, match="it is a directory"):
        text(here, commit(here, tree(here, ("40000", NAME, inner))))
    with pytest.raises(Refused, match="it is a submodule"):
        text(here, commit(here, tree(here, ("160000", NAME, "1" * 40))))


def test_where_there_is_none_nothing_stands_for_it(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    with pytest.raises(NotFound, match="it is not there"):
        text(here, of(here, (X, "evidence.md", b"x")))


def test_the_text_is_what_the_commit_has_and_nothing_else_is_believed(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, NAME, "ganz gut: é\r\n".encode()))

    assert text(here, made) == "ganz gut: é\r\n"
    lie = brought(here, made, Wanted.EVIDENCE).replace(b"gut", b"bad")
    with pytest.raises(Damaged, match="is not what its name says"):
        evidence.read(reader(lie), made)


def test_another_text_of_evidence_is_the_same_source_and_another_byte_is_not(
    tmp_path: Path,
) -> None:
    here = empty(tmp_path / "w")
    digests = [
        _digest(here, of(here, *entries), tmp_path / str(number))
        for number, entries in enumerate(
            [
                [(X, "EVIDENCE.md", b"one"), (X, "a", b"1")],
                [(X, "EVIDENCE.md", b"two"), (X, "a", b"1")],
                [(X, "a", b"1")],
                [(X, "a", b"2")],
                [("100755", "a", b"1")],
            ]
        )
    ]

    assert len(set(digests[:3])) == 1
    assert len(set(digests)) == 3


def _digest(here: Path, made: str, into: Path) -> str:
    return unpack(reader(brought(here, made)), made, into).digest
