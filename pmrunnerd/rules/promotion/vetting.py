"""What keeps a release from being put on trial, besides what the chain of proof says of it: all of it at once."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from pmrunnerd.model.promotion import Deed, Order
from pmrunnerd.model.proof import Release

# Whose daemon asks, and whose people approve.
PEOPLES: Final = "prod"


class Here(Struct, frozen=True, kw_only=True):
    """What root found: `facts` of the release that is to run, what runs, the level of the state, this Python.

    `levels` are those of the releases that are here, by name; `proven` are those that ran here and were well;
    `on_trial` is the release that another promotion is about, `package` the digest of the source that the package brings.
    """

    facts: Release | None
    runs: str
    level: int
    soabi: str
    levels: Mapping[str, int]
    proven: frozenset[str] = frozenset()
    on_trial: str = ""
    package: str = ""


def unmet(order: Order, here: Here) -> list[str]:
    """Return every reason why not, each as half a sentence."""
    return [*_asked(order), *_release(order, here)]


def _asked(order: Order) -> Iterator[str]:
    # Else a try would be a promotion without gates.
    if (order.deed is Deed.TRY) is (order.environment == PEOPLES):
        place = "in an environment for tries" if order.deed is Deed.TRY else f"in {PEOPLES}"
        yield f"{order.deed} is done {place}, and not in {order.environment}"
    if order.deed is Deed.PROMOTE and not order.approved_by:
        yield "nobody approved it"
    if not order.by:
        yield "it does not say who asks"


def _release(order: Order, here: Here) -> Iterator[str]:
    if here.on_trial:
        yield f"{here.on_trial} is on trial"
    if order.release == here.runs:
        yield f"{order.environment} runs it already"
    if not here.runs:
        yield f"{order.environment} runs nothing to come back to"
    if order.deed is Deed.ROLLBACK and order.release not in here.proven:
        yield f"it never ran in {order.environment}, so there is nothing to go back to"
    facts = here.facts
    if facts is None:
        yield "its release.json cannot be read"
        return
    if order.deed is Deed.UPGRADE and facts.source != (here.package or "none"):
        yield "the package does not bring it"
    if facts.soabi != here.soabi:
        yield f"it is built for {facts.soabi}, and this Python is {here.soabi}"
    if facts.level < here.level:
        able = [name for name, level in sorted(here.levels.items()) if level >= here.level]
        names = ", ".join(name for name in able if name != order.release) or "none that is here"
        yield f"it reads states up to level {facts.level}, and this one is of level {here.level}; that can: {names}"
