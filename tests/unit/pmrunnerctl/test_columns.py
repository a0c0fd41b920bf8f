import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerctl.columns import GAP, NARROWEST, fold


@pytest.mark.parametrize("room", [None, 34, 200])
def test_where_there_is_room_a_row_is_one_line(room: int | None) -> None:
    assert fold([4, 6, 20], room, 2) == [{0: 4, 1: 6, 2: 20}]


def test_the_stretching_column_gives_way_first_and_takes_all_that_is_left() -> None:
    assert fold([4, 6, 50], 60, 2) == [{0: 4, 1: 6, 2: 46}]
    assert fold([50, 6, 4], 60, 0) == [{0: 46, 1: 6, 2: 4}]


def test_what_finds_no_room_beside_the_others_has_the_next_line() -> None:
    assert fold([4, 6, 50], 30, 2) == [{0: 4, 1: 6}, {2: 28}]
    assert fold([10, 10, 50, 8], 24, 2) == [{0: 10, 1: 10}, {2: 22}, {3: 8}]


@given(st.lists(st.integers(0, 90), min_size=1, max_size=8), st.integers(1, 200), st.data())
def test_every_column_stands_once_and_in_order_and_lines_fit_where_they_can(
    widths: list[int], room: int, data: st.DataObject
) -> None:
    stretch = data.draw(st.integers(0, len(widths) - 1))

    lines = fold(widths, room, stretch)

    assert [n for line in lines for n in line] == [*range(len(widths))]
    for number, line in enumerate(lines):
        indent = len(GAP) if number else 0
        wide = indent + sum(line.values()) + len(GAP) * (len(line) - 1)
        assert wide <= room or len(line) == 1
        for n, columns in line.items():
            assert columns == widths[n] or (n == stretch and NARROWEST <= columns < widths[n])
