from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.store.column import WIDTH, Column
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged

NUMBERS = st.integers(0, 2**64 - 1)


def checkpoint(column: Column) -> None:
    if (pending := column.pending()) is not None:
        pending.write(Disk())
        column.settle(pending)


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
    column = Column(Disk(), path, kept=1)
    column.append(7)
    checkpoint(column)
    assert list(column.read(0, 9)) == [2**64 - 1, 7]


def test_numbers_added_while_a_checkpoint_is_written_stay_for_the_next_one(tmp_path: Path) -> None:
    column = Column(Disk(), tmp_path / "c")
    column.append(1)
    pending = column.pending()
    assert pending is not None
    column.append(2)
    pending.write(Disk())
    column.settle(pending)
    assert list(column.read(0, 9)) == [1, 2]
    later = column.pending()
    assert later is not None
    assert (later.start, len(later.numbers)) == (1, WIDTH)


def test_a_file_that_lacks_numbers_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "c"
    column = Column(Disk(), path, kept=3)
    with pytest.raises(HistoryDamaged, match="it is missing"):
        column[0]
    path.write_bytes(b"\0" * WIDTH)
    with pytest.raises(HistoryDamaged, match="it ends before number 3"):
        column.read(0, 3)
