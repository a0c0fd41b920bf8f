"""What of gate runs may be let go: the trees that they judged, what their gates printed, what was made for them.

What they came to is in the facts, for ever. Of nothing that may go is anything asked any more.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pmrunnerd.model.gates import GateRun, Gating
from pmrunnerd.model.naming import number
from pmrunnerd.model.quantities import span
from pmrunnerd.model.state import State
from pmrunnerd.rules.gates import conduct, waiting

# What was made for gates lies this long, in seconds, whether a gate run has come by or not.
WEEK: Final = 7 * 86400.0


class Part(StrEnum):
    """What lies there: what one gate left, a source or a built tree, what was made for gates."""

    LOG = "log"
    TREE = "tree"
    PREPARED = "prepared"


class Left(Struct, frozen=True, kw_only=True):
    """Something that gate runs left, by the name that it has there: bytes, seconds since it last changed."""

    part: Part
    name: str
    size: int
    age: float


def may_go(state: State, left: Iterable[Left], latest: int) -> Iterator[tuple[Left, str]]:
    """Yield what may go, and why; logs of the `latest` gate runs of each project stay."""
    going = [one for one in state.gatings.values() if not one.state.has_ended]
    kept = _kept(state, latest)
    # One that waits may be finding its tree there right now; what is given its inputs alone has one of its own.
    is_known = all(one.record is not None and not _has_parts(one.record) for one in going)
    judged = {tree for one in going if one.record for tree in (one.record.source, one.record.build)}
    made = {result.preparation for one in kept if one.record for result in one.record.results}
    names = {one.id for one in kept}
    for one in left:
        run = one.name.partition("-")[0]
        if one.part is Part.LOG and run not in names:
            yield one, f"gate run {run} is none of the latest {latest} of its project"
        elif one.part is Part.TREE and is_known and one.name not in judged:
            yield one, "no gate run that goes on judges it"
        elif one.part is Part.PREPARED and not going and one.name not in made and one.age > WEEK:
            yield one, f"it is {span(one.age)} old, and no gate run that is kept needed it"


def _kept(state: State, latest: int) -> list[Gating]:
    """Return the gate runs whose logs stay: what goes on, is waited for, is new, or was the last to be good."""
    kept = {one.id: one for one in waiting.waiting(state)}
    for project in state.projects.values():
        runs = [one for one in state.gatings.values() if one.project == project.id]
        kept |= {one.id: one for one in runs if not one.state.has_ended}
        if project.removed:
            continue
        runs.sort(key=lambda one: number(one.id))
        kept |= {one.id: one for one in runs[-latest:]}
        # What a release may stand on, and evidence may name.
        kept |= {one.id: one for one in [one for one in runs if _is_good(one)][-1:]}
    return list(kept.values())


def _has_parts(record: GateRun) -> bool:
    ended = {one.gate for one in record.results}
    waits = [
        one for one in record.gates.gates if one.name in record.wanted and one.name not in ended
    ]
    prepares = record.gates.prepare is not None and not record.results
    return prepares or any(one.inputs for one in waits)


def _is_good(gating: Gating) -> bool:
    record = gating.record
    return record is not None and conduct.is_whole(record) and conduct.has_passed(gating)
