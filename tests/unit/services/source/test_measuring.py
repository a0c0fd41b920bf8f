from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused, TooLarge
from pmrunnerd.model.source import Bounds
from pmrunnerd.services.source.measuring import measure
from pmrunnerd.services.source.objects import Damaged
from pmrunnerd.services.source.unpacking import unpack
from tests.unit.services.source.parts import brought, commit, empty, of, reader, store, tree

X = "100644"


def test_what_is_measured_is_what_is_unpacked_and_nothing_lies_anywhere(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    large = store(here, "blob", bytes(range(256)) * 9000)
    made = commit(
        here,
        tree(
            here,
            (X, "EVIDENCE.md", store(here, "blob", b"not of it")),
            ("40000", "d", tree(here, ("100755", "run", large))),
            ("120000", "link", store(here, "blob", b"d/run")),
            (X, "zz", store(here, "blob", b"")),
        ),
    )
    data = brought(here, made)
    before = {*tmp_path.rglob("*")}

    assert measure(reader(data), made) == unpack(reader(data), made, tmp_path / "out")
    assert {one for one in tmp_path.rglob("*") if "out" not in one.parts} == before


def test_what_is_refused_is_told_with_what_was_wanted(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "e", b""), (X, "f", b"honest"), ("120000", "l", b"/etc"))
    data = brought(here, made)
    with pytest.raises(Refused, match=f"cannot tell the source digest of {made}: l: it is a link"):
        measure(reader(data), made)
    with pytest.raises(Damaged, match=r"f: blob [0-9a-f]+ is not what its name says"):
        measure(reader(data.replace(b"honest", b"hOnest")), made)
    with pytest.raises(TooLarge, match="more than 1 files"):
        measure(reader(data), made, Bounds(files=1))
