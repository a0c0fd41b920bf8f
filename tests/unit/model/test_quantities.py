import pytest

from pmrunnerd.model.quantities import SIZES, TIMES, number, size, span


@pytest.mark.parametrize(
    "text", ["", "GiB", "1 GB", "-1", "1e3", "1  MiB", "1MiB2", "1,5", "٣", "9" * 400]
)
def test_what_is_no_number_with_a_unit_is_none(text: str) -> None:
    assert number(text, SIZES) is None


def test_a_number_alone_is_in_the_smallest_unit() -> None:
    assert (number(" 12 ", SIZES), number("12.5", TIMES)) == (12, 12.5)


@pytest.mark.parametrize(
    ("bytes_", "told"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (512 << 20, "512 MiB"),
        (74471 << 20, "72.7 GiB"),
        (5 << 50, "5120 TiB"),
    ],
)
def test_bytes_are_told_in_the_largest_unit_of_which_there_is_one(bytes_: int, told: str) -> None:
    assert size(bytes_) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (10, "10 s"),
        (90, "1.5 min"),
        (4 * 3600, "4 h"),
        (86400, "1 day"),
        (86400 * 2.5, "2.5 days"),
        (86400 * 40, "40 days"),
    ],
)
def test_seconds_are_told_in_the_largest_unit_of_which_there_is_one(
    seconds: float, told: str
) -> None:
    assert span(seconds) == told
