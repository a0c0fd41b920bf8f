"""Draws runs: all of them, one a line, or one with what it left."""

from typing import Final

from pmrunnerctl import amounts, times
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.states import state
from pmrunnerd.model.entities import Ended, Run
from pmrunnerd.model.views import RunTable, RunView

# Nobody looked: its run host was killed, or nothing was started.
_UNKNOWN: Final = Cell("not known", "dim")


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
                state(row.run.ended.outcome if row.run.ended else "running"),
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
            ("memory", _memory(ended) if ended else ""),
            ("CPU", _seconds(ended) if ended else ""),
            ("files", view.directory),
        ]
    )
    screen.next(f"pmrunnerctl run logs {found.id}" + ("" if ended else " -f"))


def _memory(ended: Ended) -> Cell:
    if ended.peak_memory is None:
        return _UNKNOWN
    return Cell(f"{amounts.size(ended.peak_memory)} at most, by its largest process")


def _seconds(ended: Ended) -> Cell:
    return _UNKNOWN if ended.cpu_seconds is None else Cell(f"{ended.cpu_seconds:.1f} s")


def _confinement(run: Run) -> str:
    return "" if run.confined is None else ", confined" if run.confined else ", UNCONFINED"
