from datetime import UTC, datetime

from pmrunnerctl.logline import Wanted, parse

UNIT = "pm-runner@prod.service"


def test_a_line_that_is_none_of_the_log_has_no_fields() -> None:
    assert parse("Traceback (most recent call last):") == {}
    assert not Wanted(task="t1").matches(b"\xff\xfe")
    assert not Wanted(since=datetime(2026, 1, 1, tzinfo=UTC)).matches(b"no time")


def test_what_stands_in_the_words_of_a_line_is_no_field_of_it() -> None:
    assert not Wanted(task="t2").matches(b'event=run-ended task=t3 reason="of task=t2"')


def test_a_unit_alone_is_asked_for_by_its_name() -> None:
    assert Wanted().words(UNIT) == [f"--unit={UNIT}"]


def test_a_story_is_what_the_daemon_said_of_it_and_the_run_hosts_of_its_environment() -> None:
    since = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    assert Wanted(task="t7", level="warning", since=since).words(UNIT) == [
        "--priority=4",
        f"--since=@{since.timestamp():.0f}",
        f"_SYSTEMD_UNIT={UNIT}",
        "PMRUNNER_TASK=t7",
        "+",
        "_SYSTEMD_SLICE=pm-runner-runs.slice",
        "PMRUNNER_ENV=prod",
        "PMRUNNER_TASK=t7",
    ]
