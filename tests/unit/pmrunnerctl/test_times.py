from datetime import UTC, datetime, timedelta, timezone

import pytest

from pmrunnerctl import times

NOW = datetime(2026, 11, 24, 11, 33, 5, tzinfo=UTC)
CET = timezone(timedelta(hours=1), "CET")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-24T11:33:04.999Z", "just now"),
        ("2026-11-24T11:32:25.000Z", "40 s ago"),
        ("2026-11-24T11:30:00.000Z", "3 min ago"),
        ("2026-11-24T09:00:00.000Z", "2 h ago"),
        ("2026-11-20T09:00:00.000Z", "4 d ago"),
        ("2026-11-24T11:34:00.000Z", "just now"),
        ("2026-11-24T11:40:06.000Z", "in 7 min"),
        ("2026-11-27T00:00:00.000Z", "in 2 d"),
        ("", ""),
        ("soon", "soon"),
    ],
)
def test_ago_speaks_in_the_largest_unit(at: str, expected: str) -> None:
    assert expected == times.ago(at, NOW)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-24T11:30:05.123Z", "12:30:05 CET"),
        ("2026-11-23T23:30:05.123Z", "00:30:05 CET"),
        ("2026-11-23T11:30:05.123Z", "2026-11-23 12:30:05 CET"),
        ("soon", "soon"),
    ],
)
def test_the_clock_is_local_and_has_a_date_unless_it_is_todays(at: str, expected: str) -> None:
    assert expected == times.clock(at, NOW, CET)


def test_how_long_it_took() -> None:
    assert times.took("2026-11-24T11:30:00.000Z", "2026-11-24T11:32:30.000Z") == "2 min"
    assert times.took("2026-11-24T11:30:00.000Z", "2026-11-24T11:30:00.100Z") == "0 s"
    assert not times.took("", "2026-11-24T11:30:00.100Z")
