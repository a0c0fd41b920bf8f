import re
import time
import uuid

from pmrunnerd.services.clock import Clock


def test_a_time_is_rfc_3339_in_utc_with_milliseconds() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", Clock().now())


def test_times_sort_as_they_happened() -> None:
    clock = Clock()
    times = [clock.now() for _ in range(1000)]

    assert times == sorted(times)


def test_the_clock_says_what_the_machine_says() -> None:
    before = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    now = Clock().now()

    assert now[:16] in {before, time.strftime("%Y-%m-%dT%H:%M", time.gmtime())}


def test_monotonic_time_never_goes_back() -> None:
    clock = Clock()

    assert clock.monotonic() <= clock.monotonic()


def test_chance_is_four_digits_and_differs() -> None:
    tokens = {Clock().token() for _ in range(64)}

    assert all(re.fullmatch("[0-9a-f]{4}", token) for token in tokens)
    assert len(tokens) > 32


def test_a_session_name_is_a_new_uuid_each_time() -> None:
    assert uuid.UUID(Clock().uuid()) != uuid.UUID(Clock().uuid())
