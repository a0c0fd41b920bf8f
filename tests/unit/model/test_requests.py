import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model.requests import made_at, make

NOW = 1_795_000_000_000


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_identifier_is_a_version_7_uuid_and_says_when_it_was_made(
    milliseconds: int, chance: bytes
) -> None:
    made = make(milliseconds, chance)
    known = uuid.UUID(made)

    assert (str(known), known.version, known.variant) == (made, 7, uuid.RFC_4122)
    assert made_at(made) == made_at(made.upper()) == milliseconds


@given(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_other_chance_is_another_identifier(one: bytes, other: bytes) -> None:
    # 74 bits of the 80 are in it.
    assert one[-9:] == other[-9:] or make(NOW, one) != make(NOW, other)


def test_a_shell_can_say_the_time_too() -> None:
    assert made_at(f"{NOW}-4711") == NOW


@pytest.mark.parametrize(
    "text",
    [
        "",
        "req-1",
        "3228fd63-6f73-418a-9f52-856f241d0b99",
        "5a5bd195d257423baf31712dcbabb768",
        make(NOW, b"x" * 10).replace("-", ""),
        "179500-1",
    ],
)
def test_any_other_text_says_no_time(text: str) -> None:
    assert made_at(text) is None
