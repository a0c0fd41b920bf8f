"""A conversation may take so long, and be silent for so long."""

import asyncio
import errno

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.spec import Limits
from pmrunnerd.services.agents.time_limits import TimeIsUp, TimeLimits


async def waits(limits: TimeLimits, *, talks: bool = False) -> None:
    async with limits.kept():
        while True:
            await asyncio.sleep(0.01)
            if talks:
                limits.heard()


def test_who_says_nothing_is_stalled() -> None:
    limits = TimeLimits(Limits(total=60, silence=0.05))

    with pytest.raises(TimeIsUp):
        asyncio.run(waits(limits))
    assert limits.verdict().outcome is Outcome.STALLED
    assert limits.verdict().reason == "silent for 0.05 s"


def test_who_goes_on_talking_meets_the_other_limit() -> None:
    limits = TimeLimits(Limits(total=0.3, silence=0.1))

    with pytest.raises(TimeIsUp):
        asyncio.run(waits(limits, talks=True))
    assert limits.verdict().outcome is Outcome.TIMED_OUT
    assert limits.verdict().reason == "not done after 0.3 s"


def test_a_system_call_that_timed_out_is_no_limit() -> None:
    async def waits_for_a_disk() -> None:
        async with TimeLimits(Limits(total=60, silence=60)).kept():
            raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    with pytest.raises(TimeoutError, match="Connection timed out") as raised:
        asyncio.run(waits_for_a_disk())
    assert not isinstance(raised.value, TimeIsUp)


def test_what_is_heard_when_it_is_over_changes_nothing() -> None:
    async def ends() -> None:
        limits = TimeLimits(Limits(total=60, silence=60))
        limits.heard()
        async with limits.kept():
            limits.heard()
        limits.heard()

    asyncio.run(ends())
