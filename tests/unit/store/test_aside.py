from pathlib import Path

import pytest

from pmrunnerd.store.aside import set_aside
from tests.unit.store.parts import CountingDisk, NamingDisk, SmallDisk


def test_what_is_set_aside_never_replaces_what_was(tmp_path: Path) -> None:
    disk = CountingDisk()
    paths = [set_aside(disk, tmp_path / "aside", "tail", data) for data in (b"1", b"2", b"3")]

    assert [path.name for path in paths] == ["tail", "tail-2", "tail-3"]
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3"]
    assert disk.syncs == 3


def test_what_does_not_fit_leaves_no_half_of_it_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        set_aside(SmallDisk(room=2), tmp_path / "aside", "tail", b"more than that")

    assert list((tmp_path / "aside").iterdir()) == []


def test_what_is_set_aside_has_a_name_that_survives_a_power_cut(tmp_path: Path) -> None:
    disk = NamingDisk()
    path = set_aside(disk, tmp_path / "aside", "tail", b"1")

    assert disk.durable[path.parent] == ["tail"]
