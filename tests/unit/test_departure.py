import asyncio
import os
import signal

import pytest

from pmrunnerd.departure import Departure


def after(number: signal.Signals) -> Departure:
    async def hear() -> Departure:
        departure = Departure()
        departure.listen_to_signals()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await departure.wait()
        return departure

    return asyncio.run(hear())


@pytest.mark.parametrize(("number", "keeps"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_a_signal_says_whether_runs_go_on(number: signal.Signals, *, keeps: bool) -> None:
    departure = after(number)
    assert (departure.why, departure.keep_runs) == (f"{number.name} was received", keeps)
    assert not departure.comes_back


@pytest.mark.parametrize("keeps", [True, False])
def test_a_client_says_whether_runs_go_on(*, keeps: bool) -> None:
    departure = Departure()
    departure.stop(keeps)
    assert (departure.keep_runs, departure.comes_back) == (keeps, False)


def test_who_is_to_leave_for_good_does_not_come_back_for_a_restore() -> None:
    departure = Departure()
    departure.stop(keep_runs=False)
    departure.reopen()
    assert not departure.comes_back

    departure = Departure()
    departure.reopen()
    assert departure.comes_back
