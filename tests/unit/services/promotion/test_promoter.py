"""Whoever is killed, wherever: the next one brings it to the end that it would have had, and prod answers."""

import errno
import os
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from pmrunnerd.model.promotion import Deed, Ending, Step
from pmrunnerd.services.clock import Clock
from tests.everything import EVERYTHING
from tests.unit.services.promotion.blows import Blows, Killed
from tests.unit.services.promotion.faults import ENDS, altered
from tests.unit.services.promotion.ground import Prod

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)
ALL = [step for step in Step if step not in {Step.RETURNING, *(s for s in Step if s.has_ended)}]


@pytest.fixture
def prod(tmp_path: Path) -> Prod:
    return Prod(tmp_path)


def must_be_whole(prod: Prod, last: Step) -> None:
    """What has to be true after any promotion of the new release that came to its end."""
    stays = prod.new if last is Step.CONFIRMED else prod.old
    assert (prod.dist, prod.runs, prod.steps()[-1]) == (stays, stays, last)
    assert (prod.trial is None) == (last is Step.REFUSED)
    assert prod.trial is None or not prod.trial.is_open
    order = [step for step in Step if step in prod.steps()]
    assert list(prod.steps()) == order, "each once, and in their order"
    assert not list(prod.home.glob(".*"))


@pytest.mark.parametrize("fault", ENDS)
def test_it_comes_to_the_end_that_the_release_deserves(
    prod: Prod, fault: Callable[[Prod], None]
) -> None:
    fault(prod)
    ending, last = ENDS[fault]

    assert prod.promote() is ending
    must_be_whole(prod, last)
    left = {path.name for path in (prod.place / "p1").iterdir()}
    assert left == {"steps.jsonl"}, "its papers lie beside the release by now"


@pytest.mark.parametrize("fault", ENDS)
def test_killed_anywhere_it_is_brought_to_the_same_end_by_the_next(
    tmp_path: Path, fault: Callable[[Prod], None]
) -> None:
    ending, last = ENDS[fault]
    killed = 0
    while True:
        prod = Prod(tmp_path / str(killed))
        fault(prod)
        try:
            prod.promote(blows=Blows(killed + 1))
        except Killed:
            killed += 1
            assert prod.dist in {prod.old, prod.new}
            found = prod.promote()
            if last is Step.CONFIRMED and found is Ending.RETURNED:
                # Between the record of the trial and the switch nothing of the new one ever ran.
                assert Step.SWITCHED not in prod.steps()
                must_be_whole(prod, Step.RETURNED)
                continue
            assert found is ending, (killed, prod.lines().lines)
            must_be_whole(prod, last)
            continue
        break
    assert killed > 20


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("fault", ENDS)
def test_with_a_disk_that_fails_from_anywhere_on_prod_runs_one_of_both_and_says_which(
    tmp_path: Path, fault: Callable[[Prod], None], error: int
) -> None:
    # It is the same code for each of them: by turns, where not everything is tried.
    turns = 1 if EVERYTHING else len(ERRORS)
    failed = 0 if EVERYTHING else ERRORS.index(error)
    while True:
        prod = Prod(tmp_path / str(failed))
        fault(prod)
        blows = Blows(failed + 1, lambda: OSError(error, os.strerror(error)))
        blows.lasts = blows.spares_the_world = True
        try:
            ending = prod.promote(blows=blows)
        except OSError:
            ending = Ending.BUSY  # not even begun
        if blows.count <= failed:
            break
        failed += turns
        stays = prod.new if ending is Ending.DONE else prod.old
        assert (prod.dist, prod.runs) == (stays, stays), (failed, ending)
        assert prod.trial is None or not prod.trial.is_open
        # Once it is mended the record comes to say what happened, and why.
        prod.promote()
        assert prod.lines().has_ended
        assert prod.lines().lines[-1].why or prod.dist == prod.new
    assert failed > 10


class Jumping(Clock):
    """A clock that somebody sets: a day back and a year on, at each look."""

    _jumps = cycle((-86400.0, 366 * 86400.0))

    def posix(self) -> float:
        return super().posix() + next(self._jumps)


@pytest.mark.parametrize("fault", ENDS)
def test_a_clock_that_jumps_between_any_two_steps_changes_nothing(
    prod: Prod, fault: Callable[[Prod], None]
) -> None:
    fault(prod)
    ending, last = ENDS[fault]

    assert prod.promote(clock=Jumping()) is ending
    must_be_whole(prod, last)
    times = [line.at for line in prod.lines().lines]
    assert times != sorted(times), "it did jump"


def test_a_rehearsal_that_goes_otherwise_refuses_and_nothing_was_started(prod: Prod) -> None:
    prod.differs = ("question q1 is gone",)
    assert prod.promote() is Ending.REFUSED
    assert "question q1 is gone" in prod.lines().lines[-1].why
    assert (prod.dist, prod.starts, prod.trial) == (prod.old, 1, None)


def test_an_altered_byte_refuses(prod: Prod) -> None:
    altered(prod)
    assert prod.promote() is Ending.REFUSED
    assert "tree: lib/cake/bake.py was changed" in prod.lines().lines[-1].why
    assert (prod.dist, prod.starts) == (prod.old, 1)


def test_what_the_package_does_not_bring_is_not_even_tried_as_its_own(prod: Prod) -> None:
    tried = list[str]()
    prod.when_rehearsed = lambda: tried.append("it")
    assert prod.promote(prod.order(deed=Deed.UPGRADE)) is Ending.REFUSED
    assert list(prod.steps()) == [Step.BEGUN, Step.REFUSED]
    assert "the package does not bring it" in prod.lines().lines[-1].why
    assert tried == []


def test_a_byte_that_is_altered_during_the_rehearsal_refuses_too(prod: Prod) -> None:
    prod.when_rehearsed = lambda: altered(prod)
    assert prod.promote() is Ending.REFUSED
    assert list(prod.steps()) == [Step.BEGUN, Step.SIGNED, Step.REHEARSED, Step.REFUSED]
    assert (prod.dist, prod.starts) == (prod.old, 1)


def test_what_has_ended_is_not_done_again(prod: Prod) -> None:
    prod.promote()
    starts = prod.starts
    assert prod.promote() is Ending.DONE
    assert prod.starts == starts


def test_a_rollback_goes_back_and_forth(prod: Prod) -> None:
    prod.promote()
    for number, target in enumerate((prod.old, prod.new), start=2):
        order = prod.order(id=f"p{number}", deed=Deed.ROLLBACK, release=target, record=b"")
        assert prod.promote(order) is Ending.DONE
        assert (prod.dist, prod.runs) == (target, target)
        assert Step.SIGNED not in prod.steps(order.id)


def test_where_the_way_back_is_damaged_it_stays_and_a_person_is_told(prod: Prod) -> None:
    prod.unwell.add(prod.new)
    prod.when_started = (prod.home / "releases" / prod.old / "lib/cake/bake.py").unlink
    assert prod.promote() is Ending.FAILED
    assert "cannot return from" in prod.lines().lines[-1].why
    assert prod.dist == prod.new


@pytest.mark.parametrize(("refusals", "last"), [(1, Step.RETURNED), (2, Step.FAILED)])
def test_a_return_that_fails_is_tried_again_once(prod: Prod, refusals: int, last: Step) -> None:
    prod.unwell.add(prod.new)
    prod.refusals = refusals
    prod.promote()
    assert prod.steps()[-1] is last
    assert (last is Step.FAILED) == ("the launcher ended with 30" in prod.lines().lines[-1].why)
