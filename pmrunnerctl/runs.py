"""Draws runs: all of them, one a line, or one with what it left."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pmrunnerctl import amounts, times
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.states import outcome, state
from pmrunnerctl.width import one_line
from pmrunnerd.model.entities import Ended, Run
from pmrunnerd.model.upkeep import GatesLeft, PruneTable
from pmrunnerd.model.views import UNCONFINED, RunTable, RunView

# Nobody looked: its run host was killed, or nothing was started.
_UNKNOWN: Final = Cell("not known", "dim")
# What is kept in a workspace only git can tell; so it is said in words.
_ALONG: Final = (
    "with a run goes all that its workspace keeps of it: refs/pm-runner/runs/RUN, RUN-2 and so on, in submodules, too"
    " (of a removed project nothing); what was set aside stays; SIZE is that of its files alone"
)
_WHY_ALL_STAY: Final = (
    "each run is under way, or has an open question, or can be gone on with, or is among the latest of its project, or"
    " is within the limits: retention.latest, retention.age, retention.size"
)


def table(screen: Screen, found: RunTable, used: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write runs, one a line; where it is known, with what those under way have `used`."""
    if not found.runs:
        screen.line("no runs yet")
        screen.next("pmrunnerctl chat send ALIAS TEXT")
        return
    uses = ["USES"] if used else []
    screen.table(
        ("RUN", "TASK", "PROJECT", "OUTCOME", "BEGAN", "TOOK", *uses, "TITLE"),
        [
            (
                row.run.id,
                row.run.task,
                row.alias,
                outcome(row.run),
                screen.ago(row.run.at),
                times.took(row.run.at, row.run.ended.at) if row.run.ended else "",
                *(used.get(row.run.id, "") for _ in uses),
                row.title,
            )
            for row in found.runs
        ],
    )


def draw(screen: Screen, view: RunView, used: str = "") -> None:
    """Write one run: how it ended and what it left, or what it has `used` until now."""
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
            ("uses", used),
            ("outcome", state(ended.outcome if ended else "running")),
            ("ended", screen.when(ended.at) if ended else ""),
            ("reason", screen.addressed(ended.reason) if ended else ""),
            ("commit", ended.commit if ended else ""),
            ("kept as", _kept(view)),
            ("set aside", ended.aside if ended else ""),
            ("output", Cell(ended.noted if ended else "", "yellow")),
            ("memory", _memory(ended) if ended else ""),
            ("CPU", _seconds(ended) if ended else ""),
            ("cost", _cost(ended) if ended else ""),
            *(
                ("found", Cell(one_line(finding), "yellow"))
                for finding in (ended.findings if ended else ())
            ),
            ("files", _files(screen, view)),
        ]
    )
    if view.pruned:
        screen.next(f"pmrunnerctl task show {found.task}")
    else:
        screen.next(f"pmrunnerctl run logs {found.id}" + ("" if ended else " -f"))


def pruned(screen: Screen, found: PruneTable, *, dry_run: bool) -> None:
    """Write which runs lost their files, or would, and what of all is kept."""
    if found.runs:
        screen.table(
            ("RUN", "PROJECT", "SIZE", "CHANGED", "SAVED AS", "WHY"),
            [
                (
                    row.run,
                    row.alias,
                    amounts.size(row.size),
                    f"{times.span(row.age)} ago",
                    ", ".join(row.refs),
                    row.reason,
                )
                for row in found.runs
            ],
        )
        screen.line(_ALONG, "dim")
    would = "would be deleted" if dry_run else "deleted"
    what = f"{amounts.count(len(found.runs), 'run')}, {amounts.size(found.freed)}"
    stays = f"{amounts.size(found.kept)} of at most {amounts.size(found.limit)} stay"
    screen.line(f"{what} {would}; {stays}" if found.runs else f"nothing to delete; {stays}")
    if found.kept and not (found.runs or found.left):
        screen.line(_WHY_ALL_STAY, "dim")
    _of_gates(screen, found.gates, would)
    for left in (*found.left, *found.gates.left):
        screen.line(f"not deleted: {left}", "yellow")
    if (found.runs or found.gates.parts) and dry_run:
        screen.next("pmrunnerctl run prune")


def _of_gates(screen: Screen, found: GatesLeft, would: str) -> None:
    if found.parts:
        rows = [(one.part, one.name, amounts.size(one.size), one.reason) for one in found.parts]
        screen.table(("OF GATES", "NAME", "SIZE", "WHY"), rows)
        what = (
            f"{amounts.count(len(found.parts), 'part')} of gate runs, {amounts.size(found.freed)}"
        )
        screen.line(f"{what} {would}; {amounts.size(found.kept)} stay")


def references(ended: Ended | None) -> tuple[str, ...]:
    """Return all that keeps something of a run, as far as it was recorded."""
    return (ended.kept, *ended.also) if ended and ended.kept else ()


def _kept(view: RunView) -> str:
    kept = view.run.ended.kept if view.run.ended else ""
    gone = view.pruned is not None and kept in view.pruned.refs
    along = "which was let go with its files, like all else that was kept of it"
    return ", ".join((*references(view.run.ended), *((along,) if gone and kept else ())))


def _files(screen: Screen, view: RunView) -> str:
    gone = view.pruned
    if gone is None:
        return view.directory
    by = f" by {gone.by}" if gone.by else ""
    return f"let go{by} {screen.when(gone.at)} ({amounts.size(gone.size)}): {gone.reason}"


def _memory(ended: Ended) -> Cell:
    if ended.peak_memory is None:
        return _UNKNOWN
    return Cell(f"{amounts.size(ended.peak_memory)} at most")


def _seconds(ended: Ended) -> Cell:
    return _UNKNOWN if ended.cpu_seconds is None else Cell(f"{ended.cpu_seconds:.1f} s")


def _cost(ended: Ended) -> str:
    if ended.dollars is None:
        return ""
    return f"{amounts.dollars(ended.dollars)}, {amounts.count(ended.turns or 0, 'turn')}"


def _confinement(run: Run) -> str:
    return "" if run.confined is None else ", confined" if run.confined else f", {UNCONFINED}"
