import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.engine.trust import PATIENCE, Trust
from pmrunnerd.rules.retention import DAY
from tests.unit.engine.leavings import LeapingClock
from tests.unit.store.parts import AT, project, running

HOURS_23 = DAY * 23 / 24


def with_trust(
    root: Path, scene: Callable[[Trust, LeapingClock], None], *, lived_before: bool = False
) -> None:
    """Run a scene on the first look of a life, after another that recorded something now."""
    clock = LeapingClock()

    async def whole() -> None:
        if lived_before:
            async with running(root) as store:
                await store.commit(project())
            clock.is_now(AT)
        async with running(root) as store:
            scene(Trust(store, clock), clock)

    asyncio.run(whole())


def test_a_clock_that_goes_on_is_believed(tmp_path: Path) -> None:
    def scene(trust: Trust, clock: LeapingClock) -> None:
        for _ in range(50):
            assert trust.believes()
            clock.leap(HOURS_23)

    with_trust(tmp_path, scene, lived_before=True)


def test_one_that_leaps_is_not_until_it_has_stayed_so_for_an_hour(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def scene(trust: Trust, clock: LeapingClock) -> None:
        assert trust.believes()
        clock.leap(400 * DAY)
        assert not trust.believes()
        clock.later += PATIENCE - 1
        assert not trust.believes()
        clock.later += 1
        assert trust.believes()
        assert trust.believes(), "and goes on from there"

    with caplog.at_level(logging.WARNING):
        with_trust(tmp_path, scene)
    assert [record.message for record in caplog.records] == [
        "the clock is more than a day ahead: age is looked at in an hour"
    ]


def test_one_that_was_put_right_is_believed_at_once_and_doubted_anew(tmp_path: Path) -> None:
    def scene(trust: Trust, clock: LeapingClock) -> None:
        assert trust.believes()
        clock.leap(400 * DAY)
        assert not trust.believes()
        clock.leap(-400 * DAY)
        clock.later += PATIENCE
        assert trust.believes()
        clock.leap(400 * DAY)
        assert not trust.believes(), "the hour of its first leap is not counted"

    with_trust(tmp_path, scene)


@pytest.mark.parametrize(("days", "believed"), [(-3.0, True), (0.9, True), (400.0, False)])
def test_at_first_it_is_compared_with_what_was_recorded_last(
    tmp_path: Path, days: float, *, believed: bool
) -> None:
    def scene(trust: Trust, clock: LeapingClock) -> None:
        clock.leap(days * DAY)
        assert trust.believes() is believed

    with_trust(tmp_path, scene, lived_before=True)


def test_where_nothing_was_recorded_yet_there_is_nothing_to_doubt_it_for(tmp_path: Path) -> None:
    def scene(trust: Trust, clock: LeapingClock) -> None:
        clock.leap(400 * DAY)
        assert trust.believes()

    with_trust(tmp_path, scene)
