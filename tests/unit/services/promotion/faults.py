"""What is wrong with the new release of a prod, and what becomes of it then."""

from collections.abc import Callable
from typing import Final

from pmrunnerd.model.promotion import Ending, Step
from tests.unit.services.promotion.ground import Prod


def altered(prod: Prod) -> None:
    (prod.home / "releases" / prod.new / "lib/cake/bake.py").write_text("heat = 999\n")


def good(_: Prod) -> None:
    """It is well."""


def crashes(prod: Prod) -> None:
    prod.crashes.add(prod.new)


def unwell(prod: Prod) -> None:
    prod.unwell.add(prod.new)


def differs(prod: Prod) -> None:
    prod.differs = ("question q1 is gone",)


# What is wrong with the new release, and what becomes of it.
ENDS: Final[dict[Callable[[Prod], None], tuple[Ending, Step]]] = {
    good: (Ending.DONE, Step.CONFIRMED),
    crashes: (Ending.RETURNED, Step.RETURNED),
    unwell: (Ending.RETURNED, Step.RETURNED),
    differs: (Ending.REFUSED, Step.REFUSED),
}
