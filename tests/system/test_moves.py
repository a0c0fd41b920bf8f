"""Promotions and rollbacks in a row: nobody is refused at a door meanwhile, and nothing is more each time."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from pmrunnerd.model.promotion import Deed
from tests.bench.crowd import callers
from tests.bench.moves import cycle, held
from tests.everything import EVERYTHING
from tests.system.host import Host
from tests.system.moving import Moving

# Where not everything is wanted releases come and go without a rehearsal each time.
CYCLES, DEED = (100, Deed.PROMOTE) if EVERYTHING else (2, Deed.ROLLBACK)


@pytest.fixture
def prod(machine: Host) -> Iterator[Moving]:
    """Prod, which runs what was installed, with nothing on trial."""
    moving = Moving(machine)
    moving.begin()
    yield moving
    moving.end()


def test_nobody_is_refused_while_releases_come_and_go_and_nothing_is_more_each_time(
    prod: Moving,
) -> None:
    name = prod.make()
    with callers(prod.machine) as met:
        cycle(prod, name)  # the first makes what the others find
    cycle(prod, name, Deed.ROLLBACK)  # by its end the connections of the callers are gone
    looks = [held(prod)]
    for _ in range(CYCLES):
        steps = cycle(prod, name, DEED)
        assert ("signed" in steps) is (DEED is Deed.PROMOTE)
        looks.append(held(prod))

    assert sum(met.failed.values()) == 0, met
    assert met.answered > 50
    first, *others = looks
    for other in others:
        same = ("descriptors", "of_manager", "units")
        assert [getattr(other, one) for one in same] == [getattr(first, one) for one in same]
    more = [after.state - before.state for before, after in pairwise(looks)]
    assert max(more) <= min(more) * 1.05, more
