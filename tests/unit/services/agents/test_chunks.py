import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.services.agents.chunks import LIMIT, Chunks, Tail


def _all(pieces: list[bytes]) -> list[str]:
    chunks = Chunks()
    return [text for piece in pieces for text in chunks.feed(piece)] + chunks.flush(end=True)


def test_whole_lines_come_at_once_and_an_unfinished_one_waits() -> None:
    chunks = Chunks()

    assert chunks.feed(b"one\ntwo\nthr") == ["one\ntwo\n"]
    assert chunks.waits
    assert chunks.feed(b"ee\n") == ["three\n"]
    assert not chunks.waits
    assert chunks.feed(b"? ") == []
    assert chunks.flush() == ["? "]
    assert chunks.flush(end=True) == []


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=30))
def test_any_bytes_cut_anywhere_make_the_same_text(data: bytes, sizes: list[int]) -> None:
    pieces, rest = [], data
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]

    assert "".join(_all([*pieces, rest])) == data.decode(errors="backslashreplace")


def test_bytes_that_are_no_text_are_spelled_and_half_a_character_waits_for_the_rest() -> None:
    chunks = Chunks()

    assert chunks.feed(b"\xff\n") == ["\\xff\n"]
    assert chunks.feed("ü".encode()[:1]) == []
    assert chunks.flush() == []
    assert chunks.feed("ü".encode()[1:] + b"\n") == ["ü\n"]
    assert chunks.feed(b"\xc3") == []
    assert chunks.flush(end=True) == ["\\xc3"]


@pytest.mark.parametrize(
    "data",
    [
        b"a" * (3 * LIMIT + 5),
        b"\xff" * LIMIT,
        "€".encode() * LIMIT,
        (b"line\n" * LIMIT),
        b"x\n" + b"a" * (2 * LIMIT) + b"\ny\n",
    ],
    ids=["letters", "no text", "characters", "lines", "a long line"],
)
def test_no_text_is_longer_than_the_limit_and_nothing_is_lost(data: bytes) -> None:
    texts = _all([data[:1000], data[1000:]])

    assert "".join(texts) == data.decode(errors="backslashreplace")
    assert max(len(text.encode()) for text in texts) <= LIMIT
    assert all(texts)


def test_lines_that_fit_are_not_cut() -> None:
    texts = _all([b"0123456789\n" * LIMIT])

    assert all(text.endswith("\n") for text in texts)


def test_an_endless_line_does_not_wait_for_its_end_in_memory() -> None:
    chunks = Chunks()
    texts = [text for _ in range(100) for text in chunks.feed(b"a" * LIMIT)]

    assert sum(map(len, texts)) >= 99 * LIMIT


def test_a_tail_is_the_last_lines_and_never_much() -> None:
    tail = Tail(lines=3, size=100)
    for number in range(1000):
        tail.add(f"line {number}\n")
    assert str(tail) == "line 997\nline 998\nline 999"

    tail.add("x" * 5000)
    assert str(tail) == "x" * 100
    assert str(Tail()) == ""
