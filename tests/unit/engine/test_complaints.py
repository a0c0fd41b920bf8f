import logging

import pytest

from pmrunnerd.engine.complaints import AGAIN, Complaints

log = logging.getLogger(__name__)


class Watch:
    """A clock that is set by hand."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_what_goes_on_being_wrong_is_said_once_and_again_some_minutes_later(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(log, watch)
    for _ in range(int(2.5 * AGAIN)):
        complaints.of("plan", "the disk is full")
        watch.at += 1

    assert caplog.messages == ["cannot plan: the disk is full"] * 3


def test_another_reason_is_said_at_once(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(log, watch)
    for why in ("one", "one", "two", "one"):
        complaints.of("plan", why)

    assert caplog.messages == ["cannot plan: one", "cannot plan: two", "cannot plan: one"]


def test_what_was_over_and_comes_back_is_said_again(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(log, watch)
    complaints.of("plan", "one")
    complaints.over("plan")
    complaints.of("plan", "one")

    assert len(caplog.messages) == 2


def test_the_first_of_many_speaks_for_all(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(log, watch)
    for name in ("m1", "m2", "m3"):
        complaints.of(f"plan {name}", "the disk is full", among="plans")

    assert caplog.messages == ["cannot plan m1: the disk is full"]
