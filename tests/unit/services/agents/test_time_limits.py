"""A conversation may take so long, and be silent for so long."""

import asyncio

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Limits
from pmrunnerd.services.agents.time_limits import TimeLimits


async def waits(limits: TimeLimits, *, talks: bool = False) -> None:
    async with limits.kept():
        while True:
            await asyncio.sleep(0.01)
            if talks:
                limits.heard()


def test_who_says_nothing_is_stalled() -> None:
    limits = TimeLimits(Limits(total=60, silence=0.05))

    with pytest.raises(TimeoutError):
        asyncio.run(waits(limits))
    assert limits.verdict().outcome is Outcome.STALLED
    assert limits.verdict().reason == "silent for 0.05 s"


def test_who_goes_on_talking_meets_the_other_limit() -> None:
    limits = TimeLimits(Limits(total=0.3, silence=0.1))

    with pytest.raises(TimeoutError):
        asyncio.run(waits(limits, talks=True))
    assert limits.verdict().outcome is Outcome.TIMED_OUT
    assert limits.verdict().reason == "not done after 0.3 s"


def test_what_is_heard_when_it_is_over_changes_nothing() -> None:
    async def ends() -> None:
        limits = TimeLimits(Limits(total=60, silence=60))
        limits.heard()
        async with limits.kept():
            limits.heard()
        limits.heard()

    asyncio.run(ends())
