"""Names as people type them, in full before anybody looks: of a run, the number is enough.

What chance adds to a run's name is for the world outside of a state; inside, its number is its own.
"""

import re
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from pmrunnerd.model import protocol as p
from pmrunnerd.model.naming import number
from pmrunnerd.store.store import Store

R = TypeVar("R", bound=p.Request[Any])

_NUMBERED: Final = re.compile(r"r[1-9][0-9]{0,15}")


def in_full(store: Store, request: R) -> R:
    """Return a request with the whole name of its run; one that is not known stays as it is."""
    name = getattr(request, "run", None)
    if name is None or not _NUMBERED.fullmatch(name):
        return request
    run = store.lists.run(number(name))
    return request if run is None else replace(request, run=run.id)
