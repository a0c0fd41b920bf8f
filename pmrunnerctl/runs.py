"""Draws runs: all of them, one a line, or one with what it left."""

from pmrunnerctl import times
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.states import state
from pmrunnerd.model.entities import Run
from pmrunnerd.model.views import UNCONFINED, RunTable, RunView


def table(screen: Screen, found: RunTable) -> None:
    """Write runs, one a line."""
    if not found.runs:
        screen.line("no runs yet")
        screen.next("pmrunnerctl chat send ALIAS TEXT")
        return
    screen.table(
        ("RUN", "TASK", "PROJECT", "OUTCOME", "BEGAN", "TOOK", "TITLE"),
        [
            (
                row.run.id,
                row.run.task,
                row.alias,
                _outcome(row.run),
                screen.ago(row.run.at),
                times.took(row.run.at, row.run.ended.at) if row.run.ended else "",
                row.title,
            )
            for row in found.runs
        ],
    )


def draw(screen: Screen, view: RunView) -> None:
    """Write one run: how it ended and what it left."""
    found = view.run
    ended = found.ended
    screen.pairs(
        [
            ("run", f"{found.id}, attempt {found.attempt} at task {found.task} in {view.alias}"),
            ("title", view.title),
            ("agent", found.agent + _confinement(found)),
            ("began", screen.when(found.at)),
            ("at commit", found.head),
            ("process", "alive" if view.alive else ""),
            ("outcome", state(ended.outcome if ended else "running")),
            ("ended", screen.when(ended.at) if ended else ""),
            ("reason", ended.reason if ended else ""),
            ("commit", ended.commit if ended else ""),
            ("kept as", ended.kept if ended else ""),
            ("files", view.directory),
        ]
    )
    screen.next(f"pmrunnerctl run logs {found.id}" + ("" if ended else " -f"))


def _outcome(run: Run) -> Cell:
    cell = state(run.ended.outcome if run.ended else "running")
    return cell if run.confined is not False else Cell(f"{cell.text}, {UNCONFINED}", "red")


def _confinement(run: Run) -> str:
    return "" if run.confined is None else ", confined" if run.confined else f", {UNCONFINED}"
