from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.rules.upkeep import back_up, drain, end_drain
from tests.unit.rules.life import AT, happen


def test_an_archive_that_was_made_says_nothing_where_none_had_failed() -> None:
    assert back_up(State(), "") == ()


def test_an_archive_that_failed_is_remembered_until_one_is_made() -> None:
    failed = happen(State(), *back_up(State(), "no space left"))
    assert failed.unsaved == (AT, "no space left")

    made = happen(failed, *back_up(failed, ""))
    assert made.unsaved == ("", "")


def test_what_drains_already_is_not_told_to_again() -> None:
    drains = happen(State(), ev.Drained(by="anna"))

    assert drain(drains, "bea") == ()
    assert end_drain(State(), "bea") == ()
    assert drain(State(), "bea") == (ev.Drained(by="bea"),)
    assert end_drain(drains, "bea") == (ev.DrainEnded(by="bea"),)
