from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.store import blocks
from pmrunnerd.store.durable import Disk


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Have blocks of sixteen bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 16)
        yield


@given(st.lists(st.binary(max_size=50)))
def test_sums_that_are_carried_on_are_those_of_the_whole(pieces: list[bytes]) -> None:
    sums: blocks.Sums = ()
    size = 0
    for piece in pieces:
        sums = blocks.grown(sums, size, piece)
        size += len(piece)
    assert sums == blocks.grown((), 0, b"".join(pieces))
    assert len(sums) == -(-size // 16)


def fitting(path: Path, size: int, sums: blocks.Sums) -> list[bool]:
    return [blocks.fits(Disk(), path, size, sums, block) for block in range(len(sums))]


def test_a_flipped_bit_is_found_in_its_block(tmp_path: Path) -> None:
    path, data = tmp_path / "c", bytes(range(100))
    sums = blocks.grown((), 0, data)
    for where in range(100):
        other = bytearray(data)
        other[where] ^= 8
        path.write_bytes(other)
        assert fitting(path, 100, sums) == [block != where // 16 for block in range(7)]


def test_what_lies_behind_the_size_is_not_looked_at(tmp_path: Path) -> None:
    path, data = tmp_path / "c", bytes(range(40))
    path.write_bytes(data + b"left over")
    assert fitting(path, 40, blocks.grown((), 0, data)) == [True, True, True]


def test_a_file_that_is_shorter_fits_as_far_as_it_goes(tmp_path: Path) -> None:
    path, data = tmp_path / "c", bytes(40)
    path.write_bytes(data[:17])
    assert fitting(path, 40, blocks.grown((), 0, data)) == [True, False, False]
    path.unlink()
    assert fitting(path, 40, blocks.grown((), 0, data)) == [False, False, False]
