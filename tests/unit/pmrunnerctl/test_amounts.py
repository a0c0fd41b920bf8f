import pytest

from pmrunnerctl.amounts import count, size


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (64 << 20, "64.0 MiB")],
)
def test_sizes_are_in_units_of_people(number: int, said: str) -> None:
    assert size(number) == said


def test_one_of_a_thing_is_no_plural() -> None:
    assert [count(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
