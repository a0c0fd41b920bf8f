"""What is too long is cut, and says so."""

from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model import brief


@given(st.text(), st.integers(40, 100))
def test_whatever_it_is_it_fits_and_can_be_encoded(text: str, most: int) -> None:
    for short in (brief.cut(text * 20, most), brief.told_apart(text * 20, most)):
        assert len(short.encode()) <= most


def test_what_fits_stays_as_it_is() -> None:
    assert brief.cut("ü" * 5, 10) == "ü" * 5
    assert brief.told_apart("ü" * 5, 10) == "ü" * 5


def test_what_does_not_ends_in_an_ellipsis_and_in_no_half_character() -> None:
    assert brief.cut("ü" * 6, 10) == "üüü…"


def test_two_texts_that_begin_alike_can_be_told_apart() -> None:
    one, other = (brief.told_apart("x" * 100 + end, 50) for end in "ab")

    assert one != other
    assert one[:20] == other[:20]
