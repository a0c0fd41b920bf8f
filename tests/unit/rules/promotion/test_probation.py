"""A minute of being well is a minute without one look at which it was not, of one start of the daemon."""

import pytest

from pmrunnerd.rules.promotion.probation import AWAY, COMING, STOPPED, UNWELL, Seen, Unit, Watch

LENGTH = 60.0


def seen(at: float, *troubles: str, unit: Unit = Unit.UP, invocation: str = "a") -> Seen:
    return Seen(at=at, unit=unit, invocation=invocation, troubles=troubles)


def watched(*looks: Seen) -> Watch:
    watch = Watch(unwell=0.0)
    for look in looks:
        watch = watch.after(look)
    return watch


def test_who_was_well_all_the_time_has_proved_itself_and_not_a_moment_earlier() -> None:
    watch = watched(seen(1), seen(30))
    assert not watch.after(seen(60.9)).proved(seen(60.9), LENGTH)
    assert watch.after(seen(61)).proved(seen(61), LENGTH)


def test_a_restart_by_a_person_starts_the_clock_again() -> None:
    watch = watched(seen(1), seen(59), seen(60, invocation="b"))
    last = seen(70, invocation="b")
    assert not watch.after(last).proved(last, LENGTH)
    last = seen(120, invocation="b")
    assert watch.after(last).proved(last, LENGTH)


def test_the_clock_begins_once_the_canary_is_back() -> None:
    watch = watched(seen(1, unit=Unit.PROVING), seen(20))
    assert not watch.after(seen(79)).proved(seen(79), LENGTH)
    assert watch.after(seen(80)).proved(seen(80), LENGTH)


def test_one_look_at_which_it_was_unwell_starts_the_clock_again() -> None:
    watch = watched(seen(1), seen(50, "it hangs"), seen(51))
    last = seen(62)
    assert not watch.after(last).proved(last, LENGTH)


def test_who_is_unwell_for_long_goes_and_everything_that_is_wrong_is_said() -> None:
    look = seen(5 + UNWELL, "it hangs", "it lies")
    watch = watched(seen(1), seen(5, "it hangs"))
    assert watch.lost(seen(4 + UNWELL, "it hangs")) == ""
    assert watch.after(look).lost(look) == "it hangs; it lies"


@pytest.mark.parametrize(
    ("unit", "limit"),
    [
        (Unit.COMING, COMING),
        (Unit.PROVING, AWAY),
        (Unit.FAILED, UNWELL),
        (Unit.STOPPED, STOPPED),
    ],
)
def test_who_is_not_up_is_waited_for_as_long_as_that_may_take(unit: Unit, limit: float) -> None:
    watch = watched(seen(1), seen(5, unit=unit))
    assert watch.after(seen(limit, unit=unit)).lost(seen(limit, unit=unit)) == ""
    assert watch.after(seen(5 + limit, unit=unit)).lost(seen(5 + limit, unit=unit)) != ""


def test_who_failed_after_it_was_on_its_way_is_waited_for_from_then_on() -> None:
    watch = watched(seen(1, unit=Unit.COMING), seen(9, unit=Unit.FAILED))
    late = seen(12, unit=Unit.FAILED)
    assert watch.after(late).lost(late) == ""
