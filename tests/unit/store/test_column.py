from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.store import blocks
from pmrunnerd.store import column as columns
from pmrunnerd.store.column import WIDTH, Column
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged

NUMBERS = st.integers(0, 2**40 - 1)


def checkpoint(column: Column) -> None:
    if (pending := column.pending()) is not None:
        column.settle(pending, pending.write(Disk()))


@given(
    st.lists(st.one_of(NUMBERS, st.just("checkpoint"), st.tuples(st.integers(0, 30), NUMBERS))),
    st.integers(-2, 40),
    st.integers(-2, 40),
)
def test_a_column_is_a_list_wherever_its_numbers_are(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[int | str | tuple[int, int]],
    start: int,
    end: int,
) -> None:
    path = tmp_path_factory.mktemp("history") / "c"
    column, model = Column(Disk(), path), list[int]()
    for step in steps:
        match step:
            case int():
                column.append(step)
                model.append(step)
            case (position, number):
                column.put(position, number)
                model += [0] * (position + 1 - len(model))
                model[position] = number
            case _:
                checkpoint(column)
    assert [column[n] for n in range(len(column))] == model
    assert list(column.read(start, end)) == model[max(start, 0) : max(end, 0)]
    checkpoint(column)
    assert list(Column(Disk(), path, kept=len(model)).read(0, 99)) == model


@given(st.lists(st.integers(0, 50)), st.integers(0, 30), st.integers(0, 52))
def test_a_number_is_found_in_a_column_that_grows(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], kept: int, wanted: int
) -> None:
    column = Column(Disk(), tmp_path_factory.mktemp("history") / "c")
    for count, number in enumerate(sorted(numbers)):
        if count == kept:
            checkpoint(column)
        column.append(number)
    assert column.before(wanted) == sum(number < wanted for number in numbers)
    assert column.up_to(wanted) == sum(number <= wanted for number in numbers)


def test_what_lies_behind_the_known_numbers_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_bytes(b"\xff" * WIDTH * 5)
    column = Column(Disk(), path, kept=1, wide=True)
    column.append(7)
    checkpoint(column)
    assert list(column.read(0, 9)) == [2**64 - 1, 7]


def test_numbers_added_while_a_checkpoint_is_written_stay_for_the_next_one(tmp_path: Path) -> None:
    column = Column(Disk(), tmp_path / "c")
    column.append(1)
    pending = column.pending()
    assert pending is not None
    column.append(2)
    column.settle(pending, pending.write(Disk()))
    assert list(column.read(0, 9)) == [1, 2]
    later = column.pending()
    assert later is not None
    assert (later.start, list(later.numbers)) == (1, [2])


def test_a_file_that_lacks_numbers_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "c"
    column = Column(Disk(), path, kept=3)
    with pytest.raises(HistoryDamaged, match="it is missing"):
        column[0]
    path.write_bytes(b"\0" * WIDTH)
    with pytest.raises(HistoryDamaged, match="it ends before number 3"):
        column.read(0, 3)


def test_no_flipped_bit_and_no_lost_sector_is_taken_for_a_number(tmp_path: Path) -> None:
    path = tmp_path / "c"
    column = Column(Disk(), path)
    for number in (7, 0, 2**40 - 1):
        column.append(number)
    checkpoint(column)
    raw = path.read_bytes()
    assert list(column.read(0, 3)) == [7, 0, 2**40 - 1]
    for bit in range(len(raw) * 8):
        other = bytearray(raw)
        other[bit // 8] ^= 1 << bit % 8
        path.write_bytes(other)
        with pytest.raises(HistoryDamaged, match=f"number {bit // 64} is not what was written"):
            column[bit // 64]
    path.write_bytes(raw[8:16] + raw[:8] + bytes(8))
    for position in range(3):
        with pytest.raises(HistoryDamaged, match=f"number {position} is not what was written"):
            column[position]


def test_a_column_is_held_against_its_sums_from_a_number_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (blocks, columns):
        monkeypatch.setattr(module, "BLOCK", 16)
    path = tmp_path / "c"
    column = Column(Disk(), path, wide=True)
    for number in range(9):
        column.append(number)
    checkpoint(column)
    column.check(0)
    raw = bytearray(path.read_bytes())
    raw[20] ^= 1
    path.write_bytes(raw)
    column.check(4)
    with pytest.raises(HistoryDamaged, match="block 1 is not what was written"):
        column.check(3)
