import hashlib

import pytest

from pmrunnerd.rules.evidence.seal import canonical, seal
from pmrunnerd.rules.evidence.sections import of_text
from tests.unit.rules.evidence.parts import DIGEST, GOOD, OTHER, PREAMBLE


def sealed(text: str) -> str:
    return seal(next(one for one in of_text(text) if one.digest == DIGEST))


def test_a_seal_is_the_hash_of_what_its_page_says() -> None:
    (one,) = of_text(GOOD)

    assert canonical(one) == GOOD.encode()
    assert seal(one) == hashlib.sha256(GOOD.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        PREAMBLE + GOOD,
        f"\ufeff{GOOD}".removeprefix("\ufeff"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("\n", " \t\n"),
        f"{GOOD}\n\n\n## {OTHER} Another\n",
        f"## {OTHER} Another\n\n{GOOD}# The end\n",
        GOOD.rstrip("\n"),
    ],
)
def test_what_an_editor_or_git_does_to_line_ends_and_what_stands_around_it_changes_nothing(
    text: str,
) -> None:
    assert sealed(text) == sealed(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("9000", "9001"),
        GOOD.replace("cut.", "cut"),
        GOOD.replace("Half", "<!-- x -->Half"),
        GOOD.replace("\n\nHalf", "\n\n\nHalf"),
        GOOD.replace("Half", " Half"),
        f"{GOOD}x\n",
    ],
)
def test_whatever_else_is_changed_changes_the_seal(text: str) -> None:
    assert sealed(text) == sealed(GOOD) if text == GOOD else sealed(text) != sealed(GOOD)
