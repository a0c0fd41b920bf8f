import pytest

from pmrunnerctl.amounts import cost, count, dollars, size


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (64 << 20, "64.0 MiB")],
)
def test_sizes_are_in_units_of_people(number: int, said: str) -> None:
    assert size(number) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "$0.00"),
        (1e-7, "less than $0.0001"),
        (0.0001, "$0.0001"),
        (0.0125, "$0.0125"),
        (1, "$1.00"),
        (12.345, "$12.35"),
    ],
)
def test_what_is_less_than_a_dollar_is_told_in_hundredths_of_a_cent(
    amount: float, said: str
) -> None:
    assert dollars(amount) == said


def test_one_of_a_thing_is_no_plural() -> None:
    assert [count(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_cost_is_told_with_its_limit_where_there_is_one_and_nothing_is_not() -> None:
    assert [cost(0, 5), cost(0.5, 0), cost(1.5, 5)] == ["", "$0.5000", "$1.50 of $5.00"]
