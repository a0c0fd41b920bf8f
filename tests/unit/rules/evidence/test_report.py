import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.evidence import Found, Lying
from pmrunnerd.rules.evidence.report import begun, checked
from pmrunnerd.rules.evidence.sections import of_text
from tests.unit.rules.evidence.parts import (
    ACCOUNT,
    COMMIT,
    DIGEST,
    GOOD,
    OTHER,
    PREAMBLE,
    RECORD,
    found,
)

MISSING = Found(lying=Lying.MISSING)


def test_a_good_section_is_told_with_its_hash_and_what_it_is_about() -> None:
    view = checked(found(PREAMBLE + GOOD), ACCOUNT, RECORD)

    assert (view.complaints, view.line, view.title) == ((), 5, "A torn tail is cut")
    assert (view.source, view.commit, view.areas) == (DIGEST, COMMIT, ("client", "daemon/store"))
    assert len(view.seal) == 64
    assert view.compared


def test_no_section_has_no_hash_and_what_was_not_compared_is_said_so() -> None:
    view = checked(MISSING, ACCOUNT, None, compares=False)

    assert (view.seal, view.line, view.title, view.compared) == ("", 0, "", False)
    assert len(view.complaints) == 1


def test_a_section_is_begun_in_a_file_of_its_own_or_before_the_others() -> None:
    alone = begun(MISSING, ACCOUNT, RECORD)
    before = begun(found(PREAMBLE + GOOD.replace(DIGEST, OTHER)), ACCOUNT, RECORD)

    assert alone.file == f"# Evidence\n\n{alone.section}"
    assert alone.places == 5
    assert [one.digest for one in of_text(before.file)] == [DIGEST, OTHER]
    assert before.file.startswith(PREAMBLE)


def test_a_section_that_is_there_stays_as_it_is() -> None:
    draft = begun(found(GOOD), ACCOUNT, None)

    assert draft.was_there
    assert (draft.section, draft.file, draft.places) == (GOOD, "", 0)


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (Found(lying=Lying.DIRECTORY), "it is a directory"),
        (Found(lying=Lying.LINK), "it is a link"),
        (Found(lying=Lying.TOO_LARGE, size=100 << 20), "it has 100 MiB"),
        (found(b"\xff"), "it is no UTF-8"),
        (found(b"\0"), "it has a NUL"),
        (found("```\n"), "never ends"),
    ],
)
def test_nothing_is_added_to_what_cannot_be_read(there: Found, why: str) -> None:
    with pytest.raises(Refused, match=why):
        begun(there, ACCOUNT, RECORD)
