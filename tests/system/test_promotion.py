"""Root's side of a promotion in the real units: what is good stays, what is not comes back, and the record says what happened."""

from collections.abc import Iterator

import pytest

from tests.system.host import Host
from tests.system.moving import Moving

ALL = [
    *("begun", "signed", "rehearsed", "opened", "switched", "restarted", "healthy"),
    "confirmed",
]


@pytest.fixture(scope="module")
def moving(machine: Host) -> Moving:
    return Moving(machine)


@pytest.fixture
def prod(moving: Moving) -> Iterator[Moving]:
    """Prod, which runs what was installed, with nothing on trial."""
    moving.begin()
    yield moving
    moving.end()


def test_a_good_one_is_signed_tried_and_confirmed(prod: Moving) -> None:
    name = prod.make()
    promotion = prod.promote(name)

    assert prod.steps(promotion) == ALL, prod.lines(promotion)
    assert (prod.status(), prod.dist, prod.answers()) == (0, name, name)
