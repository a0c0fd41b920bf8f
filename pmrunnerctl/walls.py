"""What whoever starts a daemon is told about the sandbox of its agents, where that is not as usual."""

from collections.abc import Sequence
from typing import Final

from pmrunnerctl import launch, recipe
from pmrunnerctl.render import Cell
from pmrunnerctl.session import Session
from pmrunnerd.model.views import UNCONFINED, Overview

_ACCEPTED: Final = "--unconfined"
_NONE: Final = "none"
# Where something is missing of what keeps them in.
_BUT: Final = ", but "


def shown(overview: Overview) -> Cell:
    """Return how agents are confined: in red where they are not, or cannot run at all."""
    how = overview.confinement
    return Cell(how, "red" if how.startswith((UNCONFINED, _NONE)) or _BUT in how else "")


def remark(session: Session, overview: Overview, more: Sequence[str]) -> None:
    """Say that runs are refused, and what helps; or that an option of `more` makes no difference."""
    if overview.confinement.startswith(_NONE):
        session.note(f"no run can begin: {overview.confinement.partition(': ')[2]}")
        session.note(f"  hint: {session.addressed('pmrunnerctl doctor')}   says what helps")
        if launch.unit_of(overview.environment, overview.pid) is None:
            again = recipe.again(session, overview, None, [_ACCEPTED])
            stop = session.addressed("pmrunnerctl stop --keep-runs")
            session.note(f"  hint: {stop}; {again}   accepts the risk")
    elif _ACCEPTED in more and overview.confinement != UNCONFINED:
        session.note(
            f"{_ACCEPTED} makes no difference: a sandbox starts here, and each run has one"
        )
