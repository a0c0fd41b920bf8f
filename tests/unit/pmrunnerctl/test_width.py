import pytest

from pmrunnerctl.width import clean, coloured, cut, one_line, width, wrapped


@pytest.mark.parametrize(
    ("text", "columns"), [("plain", 5), ("日本", 4), ("e\u0301", 1), ("a\u200bb", 2), ("", 0)]
)
def test_width_counts_columns_and_not_characters(text: str, columns: int) -> None:
    assert columns == width(text)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("plain", 5, "plain"), ("plain", 4, "pla…"), ("日本語", 4, "日…"), ("日本語", 5, "日本…")],
)
def test_a_cut_text_fits_and_says_that_something_is_missing(
    text: str, columns: int, expected: str
) -> None:
    assert expected == cut(text, columns)
    assert width(cut(text, columns)) <= columns


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("日本 語 a", 7, ["日本 語", "a"]),
        ("a /very/long/path b", 5, ["a", "/very/long/path", "b"]),
        ("", 5, [""]),
    ],
)
def test_a_text_is_wrapped_between_its_words_and_never_inside_one(
    text: str, columns: int, expected: list[str]
) -> None:
    assert expected == wrapped(text, columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("a\u202eb", "a\\u202eb"),
        ("\x9b31m", "\\x9b31m"),
        ("\udcff", "\\udcff"),
    ],
)
def test_control_characters_are_spelt_out(text: str, expected: str) -> None:
    assert expected == clean(text)


def test_a_cell_has_one_line() -> None:
    assert one_line(" one\n\ttwo  \x07") == "one two \\x07"


def test_output_on_a_terminal_keeps_its_colours_and_nothing_else() -> None:
    assert (
        coloured("\x1b[1;31mred\x1b[0m \x1b[2J\rline\r\n")
        == "\x1b[1;31mred\x1b[0m \\x1b[2J\nline\n"
    )
