import pytest

from pmrunnerd.rules.evidence.sections import CHANGED, GATES, TRIED, of_text
from tests.unit.rules.evidence.parts import COMMIT, DIGEST, GOOD, OTHER, PREAMBLE


def test_a_section_is_found_with_all_that_it_says() -> None:
    one, two = of_text(f"{PREAMBLE}{GOOD}\n## {OTHER} The one before\n")

    assert (one.digest, one.title, one.commit) == (DIGEST, "A torn tail is cut", COMMIT)
    assert list(one.parts) == [CHANGED, TRIED, "What was not tried", GATES]
    assert list(one.areas) == ["client", "daemon/store"]
    assert (one.line, one.where("client"), one.where("nothing")) == (5, 11, 5)
    assert (two.digest, two.title, two.commit) == (OTHER, "The one before", "")


@pytest.mark.parametrize(
    "heading",
    [
        f"## {DIGEST} A title",
        f"## `{DIGEST}`: A title",
        f"##  A title — {DIGEST} ##",
        f"## **{DIGEST}** -- _A title_",
        f"## {DIGEST[:9]}\u200b{DIGEST[9:]} A title",
    ],
)
def test_a_heading_that_a_person_has_written_over_is_still_found(heading: str) -> None:
    (one,) = of_text(f"{heading}\r\n\r\n__commit__: {COMMIT} and more\r\n")

    assert (one.digest, one.title, one.commit) == (DIGEST, "A title", COMMIT)


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{GOOD}```",
        f"<!--\n{GOOD}-->",
        f"# {DIGEST}",
        f"### {DIGEST}",
        f"## {DIGEST}0",
        f"## x{DIGEST}",
        f"## {DIGEST.upper()}",
        "0" * 101,
        f"## {'0' * 101}",
        f"{DIGEST}\n---",
    ],
)
def test_what_is_no_heading_with_a_digest_begins_no_section(text: str) -> None:
    assert of_text(text) == []


def test_parts_are_found_by_what_they_are_called_and_not_by_how() -> None:
    text = f"## {DIGEST} x\n### what CHANGED:\n#### `a`:\ny\n### **What was tried, beyond the gates**\n#### a\nz"
    (one,) = of_text(text)

    assert list(one.parts) == [CHANGED, TRIED]
    assert [line.text for line in one.areas["a"]] == ["`a`:", "y"]


def test_a_section_ends_where_another_heading_of_its_level_begins() -> None:
    (one,) = of_text(f"## {DIGEST} x\na\n## How this file is kept\n### What changed\n")

    assert [line.raw for line in one.lines] == [f"## {DIGEST} x", "a"]
    assert one.parts == {}
