import time

from pmrunnerctl.patience import TELL_AFTER, Patience


def test_no_patience_is_one_attempt() -> None:
    assert not Patience(0, lambda _: None).wait("gone")


def test_patience_ends_in_time_and_tells_once_why_it_waits() -> None:
    told: list[str] = []
    patience = Patience(TELL_AFTER + 0.3, told.append)
    began = time.monotonic()

    attempts = 0
    while patience.wait("connection refused"):
        attempts += 1

    assert TELL_AFTER + 0.3 <= time.monotonic() - began < TELL_AFTER + 30
    assert attempts > 5
    assert told == ["waiting for pmrunnerd, at most 1.3 s: connection refused"]


def test_each_outage_has_its_own_patience() -> None:
    patience = Patience(0.1, lambda _: None)
    while patience.wait("gone"):
        pass
    assert not patience.wait("gone")

    patience.answered()

    assert patience.wait("gone again")
