"""Draws projects: all of them, one a line, or one with its settings."""

from collections.abc import Sequence

from pmrunnerctl import amounts
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.states import counts
from pmrunnerd.model.entities import PlanApproval, Project, ProjectType
from pmrunnerd.model.views import UNCONFINED, ProjectRow, ProjectView


def table(screen: Screen, projects: Sequence[ProjectRow], *, paths: bool = False) -> None:
    """Write projects, one a line; where there is none, how to add one."""
    if not projects:
        screen.line("no projects yet")
        screen.next("pmrunnerctl project add ALIAS PATH")
        return
    headers = ["PROJECT", "TYPE", "AGENT", "TASKS", "WAITING", *(["PATH"] if paths else []), "NOW"]
    screen.table(
        headers,
        [
            (
                Cell(row.alias, "bold"),
                row.project_type,
                row.agent,
                counts(row.tasks),
                Cell(str(row.waiting), "yellow" if row.waiting else "dim"),
                *([row.path] if paths else []),
                _now(screen, row),
            )
            for row in projects
        ],
    )


def draw(screen: Screen, view: ProjectView) -> None:
    """Write one project with its settings."""
    found, row = view.project, view.row
    inbox = screen.addressed("pmrunnerctl inbox")
    screen.pairs(
        [
            ("project", Cell(f"{found.alias} ({found.id})", "bold")),
            ("path", found.path),
            ("type", found.project_type),
            ("agent", found.agent),
            ("plans", _approval(found.plan_approval)),
            ("mending", _mending(found)),
            ("prompt", found.bootstrap_prompt),
            ("tasks", counts(row.tasks)),
            ("waiting", f"{row.waiting} for you: {inbox}" if row.waiting else ""),
            ("now", _now(screen, row)),
        ]
    )


def _approval(how: PlanApproval) -> str:
    return f"{how}: {'each waits for you' if how is PlanApproval.MANUAL else 'approved at once'}"


def _mending(found: Project) -> str:
    if found.project_type is not ProjectType.RUNNER_DEV:
        return ""
    times = amounts.count(found.gate_attempts, "time")
    return f"up to {times}, what gates or a look at the evidence found; then you are asked"


def _now(screen: Screen, row: ProjectRow) -> str | Cell:
    now = screen.reason(row.now)
    return Cell(f"{UNCONFINED}; {now}", "red") if row.unconfined else now
