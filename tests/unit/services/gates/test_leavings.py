from pathlib import Path

from pmrunnerd.rules.gates.keeping import Part
from pmrunnerd.services.gates.leavings import Leavings
from pmrunnerd.services.gates.place import GatePlace
from tests.unit.services.gates.parts import Here

TRIED = "g1-4f2a4f2a-unit"
DIGEST = "e" * 64


def never() -> bool:
    return False


def a_place(tmp_path: Path) -> GatePlace:
    """Make a place with a gate that was tried, a tree, something prepared, and what is none of these."""
    place = Here(tmp_path).place
    for path in (place.path(TRIED), place.tree(DIGEST), place.prepared / DIGEST):
        path.mkdir()
        (path / "log").write_bytes(b"x" * 5000)
    for name in (f"{TRIED}.json", f"{TRIED}.began"):
        (place.records / name).write_text("{}")
    for strange in ("trees/.new-w1-main", f"prepared/.{TRIED}", "other"):
        (place.directory / strange).mkdir()
    return place


def test_what_gate_runs_left_is_measured_and_what_is_in_the_making_is_none_of_it(
    tmp_path: Path,
) -> None:
    found = Leavings(a_place(tmp_path)).survey(2e9, never)
    assert {(one.part, one.name) for one in found} == {
        (Part.LOG, TRIED),
        (Part.TREE, DIGEST),
        (Part.PREPARED, DIGEST),
    }
    assert all(5000 <= one.size < 20000 and one.age > 0 for one in found)


def test_what_is_set_aside_has_no_name_any_more_and_is_deleted_later(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    left = Leavings(place)
    for one in left.survey(0.0, never):
        left.set_aside(one)
        left.set_aside(one)
    assert left.survey(0.0, never) == []
    assert list(place.records.iterdir()) == []
    assert not place.is_prepared(DIGEST)
    assert left.clear(lambda: True) == (), "there was enough before anything went"
    assert len(list(place.directory.rglob(".gone-*"))) == 3
    assert left.clear(never) == ()
    assert list(place.directory.rglob(".gone-*")) == []
    assert (place.directory / f"prepared/.{TRIED}").is_dir()


def test_what_does_not_go_is_told_and_keeps_nothing_else(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    left = Leavings(place)
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "precious").touch()
    place.tree(f".gone-{'0' * 64}").symlink_to(target)
    for one in left.survey(0.0, never):
        left.set_aside(one)
    (stays,) = left.clear(never)
    assert f".gone-{'0' * 64}: " in stays
    assert (target / "precious").exists()
    assert [path.is_symlink() for path in place.directory.rglob(".gone-*")] == [True]


def test_what_is_roots_is_left_to_root(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    of_root = GatePlace(place.directory, records=place.records, prepared=place.prepared)
    left = Leavings(of_root)
    found = left.survey(0.0, never)
    assert {one.part for one in found} == {Part.LOG, Part.TREE}
    for one in found:
        left.set_aside(one)
    assert left.clear(never) == ()
    assert len(list(place.records.iterdir())) == 2


def test_where_nothing_was_ever_tried_there_is_nothing(tmp_path: Path) -> None:
    left = Leavings(GatePlace(tmp_path / "gates"))
    assert left.survey(0.0, never) == []
    assert left.clear(never) == ()
