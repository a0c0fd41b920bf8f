"""Which releases may be deleted, and why the others may not."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from pmrunnerd.model.proof import Kept, ReleaseRow

_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


def kept(
    rows: Iterable[ReleaseRow], *, latest: int, spoken_for: Mapping[str, str] = _NOBODY
) -> tuple[Kept, ...]:
    """Return, in the order that they come, whether each release stays: why, or an empty reason.

    `rows` are the oldest first. What runs, what one would go back to, what is `spoken_for` by a promotion and what a
    process still has in its memory stays in any case, and so do the latest few, for whoever wants to compare.
    """
    every = list(rows)
    young = {row.id for row in every[max(len(every) - latest, 0) :]}
    return tuple(Kept(id=row.id, why=_why(row, young, spoken_for)) for row in every)


def _why(row: ReleaseRow, young: set[str], spoken_for: Mapping[str, str]) -> str:
    if row.is_dist:
        return "dist points to it"
    if row.is_previous:
        return "it is the way back"
    if why := spoken_for.get(row.id, ""):
        return why
    if row.processes:
        return f"process {', '.join(map(str, row.processes[:3]))} uses it"
    return "it is one of the latest" if row.id in young else ""
