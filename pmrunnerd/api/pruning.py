"""What was kept of runs is let go: shown, and done. Both look at the disk, and are waited for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from pmrunnerd.api.access import Caller
from pmrunnerd.api.desk import Desk
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.upkeep import PruneTable


async def run_prune(desk: Desk, caller: Caller, _: p.RunPrune) -> PruneTable:
    """Let go of what is beyond the limits; the sweeper records who wanted it."""
    return await desk.retention.prune(caller.name)


async def run_prunable(desk: Desk, _: Caller, __: p.RunPrunable) -> PruneTable:
    """Tell what would go."""
    return await desk.retention.look()


def pruned(desk: Desk, run: str) -> v.Pruned | None:
    """Return when and why the files of a run were let go; None where they were not."""
    found = desk.store.pruned(run)
    if found is None:
        return None
    at, fact = found
    return v.Pruned(at=at, reason=fact.reason, size=fact.size, refs=fact.refs, by=fact.by)


def check_log(desk: Desk, run: str) -> None:
    """Raise NotFound where the log of a run was let go."""
    gone = pruned(desk, run)
    if gone is not None:
        by = f" by {gone.by}" if gone.by else ""
        raise NotFound(
            f"cannot show the log of run {run}: its files were let go{by} at {gone.at}: {gone.reason}",
            hint=f"pmrunnerctl run show {run}",
        )


PRUNES: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Caller, Any], Awaitable[Struct]]]] = {
    p.RunPrune: run_prune,
    p.RunPrunable: run_prunable,
}
