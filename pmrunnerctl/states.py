"""States, each in its colour, and how many things are in each."""

from collections.abc import Mapping
from typing import Final

from pmrunnerctl.render import Cell
from pmrunnerd.model.entities import Run, TaskState
from pmrunnerd.model.views import UNCONFINED

STYLES: Final = {
    **dict.fromkeys(("RUNNING", "ACTIVE", "UNDER_WAY", "running"), "cyan"),
    **dict.fromkeys(
        ("AWAITING_RESPONSE", "AWAITING_APPROVAL", "ON_TRIAL", "asked", "held", "limited"), "yellow"
    ),
    **dict.fromkeys(("COMPLETE", "CONFIRMED", "succeeded"), "green"),
    **dict.fromkeys(("ERROR", "REJECTED", "REFUSED", "failed", "timed-out", "stalled"), "red"),
    **dict.fromkeys(("RETURNING", "RETURNED", "FAILED"), "red"),
    **dict.fromkeys(("CANCELLED", "cancelled", "interrupted", "INTERRUPTED"), "dim"),
}
_ORDER: Final = ("RUNNING", "AWAITING_RESPONSE", "QUEUED", "ERROR", "COMPLETE", "CANCELLED")


def state(name: str) -> Cell:
    """Return a state in its colour."""
    return Cell(name, STYLES.get(name, ""))


def outcome(run: Run) -> Cell:
    """Return how a run ended, and that nothing confined it where that is so."""
    cell = state(run.ended.outcome if run.ended else "running")
    return cell if run.confined is not False else Cell(f"{cell.text}, {UNCONFINED}", "red")


def counts(tasks: Mapping[TaskState, int]) -> str:
    """Spell how many tasks are in which state: `1 running, 2 queued`."""
    named = {str(name): count for name, count in tasks.items() if count}
    order = [*(name for name in _ORDER if name in named), *(n for n in named if n not in _ORDER)]
    return ", ".join(f"{named[name]} {name.lower().replace('_', ' ')}" for name in order) or "none"
