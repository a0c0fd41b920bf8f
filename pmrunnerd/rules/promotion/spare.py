"""Which records of promotions nobody needs any more: neither the latest, nor what alone says that a release was well here.

A rollback goes to what a record says that of, so it stays as long as the release does.
"""

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from pmrunnerd.rules.promotion.promotions import KEPT


class Past(Struct, frozen=True, kw_only=True):
    """A promotion that is over: when its last step was, and the releases that were well by it."""

    name: str
    at: float
    well: frozenset[str] = frozenset()


def spare(past: Iterable[Past], here: Collection[str], kept: int = KEPT) -> Iterator[str]:
    """Yield the names of records to delete, where these releases are here; as many are kept as the daemon remembers."""
    known: set[str] = set()
    latest_first = sorted(past, key=lambda one: (one.at, one.name), reverse=True)
    for place, one in enumerate(latest_first):
        is_needed = not known.issuperset(one.well.intersection(here))
        known |= one.well
        if place >= kept and not is_needed:
            yield one.name
