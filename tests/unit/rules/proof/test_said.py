from pmrunnerd.model.proof import Holding
from pmrunnerd.rules.proof.said import fails, unread


def test_what_could_not_be_looked_at_has_a_reason_in_each_case() -> None:
    assert unread(None, "the list") == "the list is not there"
    assert unread(b"x", "the list") == "the list is not what it should be"
    assert unread("manifest is a link", "the list") == "manifest is a link"


def test_more_reasons_than_fit_into_a_line_are_counted() -> None:
    assert fails("a", "b", "c", "d", "e") == (Holding.FAILS, "a; b; c; and 2 more")
