import pytest

from pmrunnerd.model.evidence import LIMIT, Found, Lying
from pmrunnerd.rules.evidence.placing import SECTION_LIMIT, place
from tests.unit.rules.evidence.parts import DIGEST, GOOD, OTHER, PREAMBLE, found


def complaints(text: str | bytes) -> list[tuple[int, str]]:
    return [(one.line, one.what) for one in place(found(text), DIGEST).complaints]


@pytest.mark.parametrize(
    ("lying", "why"),
    [
        (Lying.MISSING, "there is none"),
        (Lying.DIRECTORY, "it is a directory"),
        (Lying.LINK, "it is a link"),
        (Lying.SOMETHING, "it is no file"),
        (Lying.TOO_LARGE, "it has 100 MiB, and 1 MiB is the most"),
    ],
)
def test_what_is_no_file_that_can_be_read_is_refused_by_name(lying: Lying, why: str) -> None:
    (one,) = place(Found(lying=lying, size=100 << 20), DIGEST).complaints

    assert why in one.what
    assert one.remedy


def test_a_file_of_101_zeros_is_refused_and_so_is_one_that_is_too_large_though_it_was_read() -> (
    None
):
    assert complaints("0" * 101) == [(0, f"EVIDENCE.md has no section of {DIGEST}")]
    ((_, what),) = complaints(b" " * (LIMIT + 1))
    assert "1 MiB is the most" in what


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (b"# E\n\nx\0y", 3, "has a NUL"),
        (b"# E\n\xff", 2, "no UTF-8"),
        (GOOD.encode("utf-16"), 0, "has a NUL"),
        (b"\x80abc", 1, "no UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(text: bytes, line: int, why: str) -> None:
    ((at, what),) = complaints(text)

    assert why in what
    assert at == line or not line


def test_a_good_section_is_found_and_a_byte_order_mark_does_not_hide_it() -> None:
    placed = place(found(b"\xef\xbb\xbf" + GOOD.encode()), DIGEST)

    assert placed.section is not None
    assert placed.complaints == []


def test_a_section_of_other_content_is_none_of_this() -> None:
    ((_, what),) = complaints(GOOD.replace(DIGEST, OTHER))

    assert what == (
        f"EVIDENCE.md has no section of {DIGEST}; its newest is of {OTHER}, which is other content"
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"```\n## {DIGEST} x\n```", (2, "its digest stands in code")),
        (f"<!-- ## {DIGEST} x -->", (1, "its digest stands in no heading")),
        (
            f"\n### {DIGEST} x",
            (2, "its digest stands in a heading that does not begin with ## and"),
        ),
        (f"of {DIGEST}", (1, "its digest stands in no heading")),
        (
            f"## {DIGEST.upper()}",
            (1, "its digest stands in a heading, joined to something or in cap"),
        ),
    ],
)
def test_a_digest_in_the_wrong_place_is_told_where_it_is(text: str, where: tuple[int, str]) -> None:
    _, (line, what) = complaints(text)

    assert line == where[0]
    assert what.startswith(where[1])


def test_one_somewhere_else_in_the_repository_is_told_by_name() -> None:
    placed = place(Found(lying=Lying.MISSING), DIGEST, ("docs/evidence.md",))

    assert [one.remedy for one in placed.complaints] == [
        "pmrunnerctl evidence write",
        "git mv docs/evidence.md EVIDENCE.md",
    ]


def test_two_sections_of_the_same_content_and_one_below_another_are_refused() -> None:
    lines = PREAMBLE.count("\n") + GOOD.count("\n")
    assert complaints(f"{PREAMBLE}{GOOD}## {DIGEST} x\n") == [
        (lines + 1, "there is another section of this content, beside that of line 5")
    ]
    assert complaints(f"## {OTHER} x\n{GOOD}") == [
        (2, f"the section stands below that of {OTHER[:12]}: the newest is the first")
    ]


def test_code_that_never_ends_is_found_where_it_begins() -> None:
    text = f"{GOOD}\n```\n## {OTHER}\n"

    assert (
        GOOD.count("\n") + 2,
        "code or a comment begins here and never ends: all after it is hidden",
    ) in (complaints(text))


@pytest.mark.parametrize(
    ("mark", "why"),
    [
        ("\u202e", "nobody sees: \\u202e"),
        ("\u200b", "nobody sees: \\u200b"),
        ("\x1b[2J", "nobody sees: \\x1b"),
        ("\n<div hidden>", "begins with HTML"),
        ("\n  </x>", "begins with HTML"),
    ],
)
def test_what_hides_something_from_who_approves_is_refused_by_line(mark: str, why: str) -> None:
    ((line, what),) = complaints(GOOD.replace("Half a", f"Half {mark}a"))

    assert line in {13, 14}
    assert why in what


def test_what_stands_in_code_is_shown_as_it_is() -> None:
    assert complaints(GOOD.replace("$ for", "<div hidden>\n$ for")) == []


def test_a_section_that_nobody_would_read_is_refused() -> None:
    ((_, what),) = complaints(GOOD + "x y\n" * (SECTION_LIMIT // 4))

    assert "256 KiB is the most" in what
