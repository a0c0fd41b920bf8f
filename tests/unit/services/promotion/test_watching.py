import asyncio
from collections.abc import Iterator
from itertools import chain, repeat

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.views import Canary, Flight
from pmrunnerd.rules.promotion.probation import Unit
from pmrunnerd.services.promotion.units import Look
from pmrunnerd.services.promotion.watching import Probation, Watcher
from tests.unit.services.promotion.ground import Hasty

UP = Look(unit=Unit.UP, invocation="a")
STOPPED = Look(unit=Unit.STOPPED)


class Daemon:
    """Looks as it is told, the last look again and again."""

    def __init__(self, *looks: Look, troubles: tuple[str, ...] = (), release: str = "2-b") -> None:
        self._looks, self._last = iter(looks), UP
        self.wrong, self.runs = troubles, release
        self.checks: Iterator[tuple[str, ...]] = iter(())
        self.starts = 0
        self.canaries: Iterator[Canary | None] = iter(())

    @property
    def canary(self) -> Canary | None:
        return next(self.canaries, None)

    async def restart(self) -> str:
        self.starts += 1
        self.runs, self._last = "1-a", UP
        self._looks = iter(())
        return ""

    async def look(self) -> Look:
        self._last = next(self._looks, self._last)
        return self._last

    async def troubles(self, release: str) -> tuple[str, ...]:
        return self.wrong if self.runs == release else ("another one answers",)

    async def release(self) -> str:
        return self.runs

    async def checked(self) -> tuple[str, ...]:
        return next(self.checks, ())


class Busy(Daemon):
    """The service manager has no answer."""

    async def look(self) -> Look:
        raise Unavailable("cannot look at it")


def proved(
    daemon: Daemon, *, tries: bool = False, ends: int = 1000, owes: bool = False
) -> tuple[str | None, int]:
    well: list[int] = []
    looks = iter(range(ends))
    probation = Probation(
        release="2-b",
        length=9.0,
        on_trial=lambda: next(looks, None) is not None,
        has_a_try=lambda: tries,
        well=lambda: well.append(1),
        owes_a_canary=owes,
    )
    return asyncio.run(Watcher(daemon, daemon, Hasty(), pause=0).proved(probation)), len(well)


def test_who_is_well_has_proved_itself_and_was_told_to_be_well_once() -> None:
    assert proved(Daemon(UP)) == ("", 1)


def test_who_is_unwell_is_lost_for_that_and_never_was_well() -> None:
    assert proved(Daemon(UP, troubles=("it hangs",))) == ("it hangs", 0)


def test_a_manager_that_does_not_answer_once_is_no_fault_and_for_long_is_one() -> None:
    assert proved(Busy(UP)) == ("cannot look at it", 0)


def test_a_check_that_fails_at_the_end_sends_it_back() -> None:
    daemon = Daemon(UP)
    daemon.checks = iter([(), *[("no",)] * 1000])
    assert proved(daemon) == ("no", 1)


UNDER_WAY, IS_BACK = Canary(flight=Flight.UNDER_WAY), Canary(flight=Flight.BACK)


def test_one_whose_canary_is_lost_is_lost_for_that_and_never_was_well() -> None:
    daemon = Daemon(UP)
    daemon.canaries = repeat(Canary(flight=Flight.LOST, why="no\nroom"))
    assert proved(daemon) == ("its canary is lost: no room", 0)


def test_one_whose_canary_does_not_come_back_is_not_waited_for_for_ever() -> None:
    daemon = Daemon(UP)
    daemon.canaries = repeat(UNDER_WAY)
    assert proved(daemon) == ("its canary was not back after 330 s", 0)


def test_one_that_sends_no_canary_and_should_is_lost_and_another_is_well_without() -> None:
    assert proved(Daemon(UP), owes=True) == ("it has sent no canary", 0)
    assert proved(Daemon(UP)) == ("", 1)


def test_one_whose_canary_is_back_has_proved_itself() -> None:
    daemon = Daemon(UP)
    daemon.canaries = chain([UNDER_WAY] * 3, repeat(IS_BACK))
    assert proved(daemon, owes=True) == ("", 1)


def test_who_is_on_trial_no_more_is_nobody_s_to_judge() -> None:
    assert proved(Daemon(UP), ends=2) == (None, 1)


def test_what_failed_by_a_person_s_configuration_is_waited_for() -> None:
    failed = Look(unit=Unit.FAILED)
    why, _ = proved(Daemon(failed))
    assert why == "is down, and does not come up again"
    assert proved(Daemon(failed), tries=True, ends=20) == (None, 0)


def back(daemon: Daemon) -> str | None:
    return asyncio.run(Watcher(daemon, daemon, Hasty(), pause=0).back("1-a"))


def test_what_is_well_already_is_not_started_again() -> None:
    daemon = Daemon(UP, release="1-a")
    assert (back(daemon), daemon.starts) == ("", 0)


def test_what_still_runs_the_other_one_is_started_once() -> None:
    daemon = Daemon(UP)
    assert (back(daemon), daemon.starts) == ("", 1)
    daemon = Daemon(Look(unit=Unit.FAILED))
    assert (back(daemon), daemon.starts) == ("", 1)


def test_what_a_person_stopped_stays_so_and_what_systemd_forgot_for_a_moment_does_not() -> None:
    daemon = Daemon(STOPPED)
    assert (back(daemon), daemon.starts) == (None, 0)
    daemon = Daemon(STOPPED, UP, release="1-a")
    assert (back(daemon), daemon.starts) == ("", 0)


def test_what_does_not_get_well_is_said_with_all_that_is_wrong() -> None:
    daemon = Daemon(UP, troubles=("it hangs", "it lies"), release="1-a")
    assert (back(daemon), daemon.starts) == ("it hangs; it lies", 0)
