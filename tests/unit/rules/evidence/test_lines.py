import pytest

from pmrunnerd.rules.evidence.lines import read, split


def headings(text: str) -> list[tuple[int, str]]:
    return [(line.level, line.text) for line in read(text).lines if line.level]


@pytest.mark.parametrize(
    "text",
    [
        "```\n## a\n```",
        "```\n``` x\n## a\n```",
        "<!-- x\n--> ## a",
        "```md title\n## a\n```",
        "~~~ `\n## a\n~~~",
        "````\n```\n## a\n````",
        "```\n~~~\n## a\n```",
        "<!--\n## a\n-->",
        "x <!-- y\n## a\n--> z",
        "    ## a",
        "> ## a",
        "- ## a",
        "##a",
        "####### a",
        "``` a ``` b",
    ],
)
def test_what_only_looks_like_a_heading_is_none(text: str) -> None:
    assert headings(text) == []
    assert not read(text).unclosed


@pytest.mark.parametrize(
    "text",
    [
        "## a",
        "   ##   a   ##  ",
        "```\nx\n```\n## a",
        "```x`y\n## a",
        "<!-- x -->\n## a",
        "## a<!-- b -->",
        "x --> y\n## a",
    ],
)
def test_a_heading_is_one_as_commonmark_has_it(text: str) -> None:
    assert headings(text) == [(2, "a")]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\n```\nb", 2), ("a\nb <!-- c\n\nd", 2), ("```\n```\n<!-- a --> <!--", 3)],
)
def test_what_never_ends_is_found_where_it_begins(text: str, line: int) -> None:
    assert read(text).unclosed == line


def test_lines_end_in_each_of_three_ways_and_in_no_other() -> None:
    assert split("a\r\nb\rc\nd\x0be\u2028f") == ["a", "b", "c", "d\x0be\u2028f"]


def test_what_stands_around_a_comment_is_text() -> None:
    assert [line.text for line in read("a <!-- b --> c <!-- d\ne --> f").lines] == ["a  c ", " f"]
