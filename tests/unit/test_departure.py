import asyncio
import os
import signal

import pytest

from pmrunnerd.departure import SOONEST, Departure
from pmrunnerd.model.errors import Refused


def after(number: signal.Signals, *, stop: bool = False) -> Departure:
    async def is_stop() -> bool:
        return stop

    async def hear() -> Departure:
        departure = Departure(is_stop)
        departure.listen_to_signals()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(180):
            await departure.wait()
        return departure

    return asyncio.run(hear())


@pytest.mark.parametrize(("number", "keeps"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_a_signal_says_whether_runs_go_on(number: signal.Signals, *, keeps: bool) -> None:
    departure = after(number)
    assert departure.is_stop is not keeps
    assert (departure.why, departure.keep_runs) == (f"{number.name} was received", keeps)
    assert not departure.comes_back


@pytest.mark.parametrize("keeps", [True, False])
def test_a_client_says_whether_runs_go_on(*, keeps: bool) -> None:
    departure = Departure()
    departure.stop(keeps)
    assert (departure.keep_runs, departure.comes_back) == (keeps, False)
    assert departure.is_stop is not keeps


def test_who_is_to_leave_for_good_does_not_come_back_for_a_restore() -> None:
    departure = Departure()
    departure.stop(keep_runs=False)
    departure.reopen()
    assert not departure.comes_back

    departure = Departure()
    departure.reopen()
    assert departure.comes_back
    assert not departure.is_stop


def test_a_stop_of_the_service_manager_parks_runs_and_a_restart_does_not() -> None:
    assert not after(signal.SIGTERM, stop=True).keep_runs
    assert after(signal.SIGTERM, stop=False).keep_runs


def test_it_restarts_itself_once_in_a_while_and_keeps_its_runs() -> None:
    departure = Departure()
    with pytest.raises(Refused, match="it started 3 s ago"):
        departure.restart(3.0)
    assert not departure.restarts
    departure.restart(SOONEST)
    assert (departure.restarts, departure.keep_runs) == (True, True)


def test_who_is_to_stop_does_not_restart_instead() -> None:
    departure = Departure()
    departure.stop(keep_runs=False)
    departure.restart(SOONEST)
    assert not departure.restarts
