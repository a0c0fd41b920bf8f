"""`status`: one environment at a glance."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from pmrunnerctl import amounts
from pmrunnerctl.projects import table
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.states import counts
from pmrunnerctl.verbs import verb
from pmrunnerctl.where import RUN
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Door, Overview, Retention, RunRow

_MIB = 1 << 20
# Of runs under way there are few, and none is older than these by much.
_LATEST: Final = p.RunList(limit=500)


@verb(
    "status",
    what="Says whether the daemon is well, what runs, and how much waits for you."
    " Nothing is changed.",
    example="pmrunnerctl status",
    then="pmrunnerctl inbox",
)
def status(session: Session) -> None:
    found = session.ask(p.Status())
    said, held = msgspec.to_builtins(found), ""
    working: dict[str, tuple[RunRow, str]] = {}
    if RUN.is_dir():
        # Where nothing was installed nobody waits for what it takes to ask a service manager.
        from pmrunnerctl import unit  # noqa: PLC0415 - as the line above says

        if (known := unit.of_daemon(found)) is not None:
            said, held = said | {"unit": msgspec.to_builtins(known)}, known.words
        if found.runs:
            rows = {row.run.id: row for row in session.ask(_LATEST).runs if row.run.ended is None}
            used = unit.of_runs(session, list(rows))
            said |= {"units": msgspec.to_builtins(used)} if used else {}
            working = {run: (rows[run], one.words) for run, one in used.items()}
    session.show(said, lambda _: draw(session.out, found, held, working))


def draw(
    screen: Screen,
    found: Overview,
    held: str = "",
    working: Mapping[str, tuple[RunRow, str]] = MappingProxyType({}),
) -> None:
    """Write an environment, `working` runs of it with what each uses, and its projects."""
    screen.line(f"pm-runner {found.environment}", "bold")
    screen.pairs(
        [
            ("problem", Cell(found.problem, "red")),
            ("configuration", Cell(found.configuration, "yellow")),
            ("release", found.release),
            ("process", f"{found.pid}, since {screen.when(found.started_at)}"),
            ("unit", held),
            ("memory", f"{found.memory / _MIB:.0f} MiB"),
            ("state", f"{found.state_directory}, durable to commit {found.durable}"),
            *((door.name, _door(door)) for door in found.doors),
            ("agents", _confinement(found.confinement)),
            ("runs", _runs(screen, found)),
            *(("limited", Cell(screen.reason(why), "yellow")) for why in found.limits),
            ("spent", f"{amounts.dollars(found.spent)} today" if found.spent else ""),
            ("kept", _kept(screen, found.retention)),
            ("tasks", counts(found.tasks)),
            ("waiting", _waiting(screen, found.waiting)),
        ]
    )
    screen.line()
    if working:
        rows = [(run, row.alias, used, row.title) for run, (row, used) in working.items()]
        screen.table(("RUN", "PROJECT", "USES", "TITLE"), rows)
        screen.line()
    table(screen, found.projects)


def _runs(screen: Screen, found: Overview) -> Cell:
    """Return how many runs there are, and why there are no more where that is not the reason."""
    count = f"{found.runs} of at most {found.slots}"
    if not found.refusal:
        return Cell(count)
    return Cell(f"{count}; none begins: {screen.addressed(found.refusal)}", "yellow")


def _door(door: Door) -> Cell:
    if door.problem:
        return Cell(f"{door.address}: {door.problem}", "red")
    return Cell(door.address)


def _confinement(how: str) -> Cell:
    """Return how agents are confined; in red where they are not, not wholly, or cannot run at all."""
    return Cell(how, "red" if how.startswith(("UNCONFINED", "none")) or ", but " in how else "")


def _kept(screen: Screen, found: Retention | None) -> Cell:
    """Return what is kept of runs; nothing where nobody has looked yet."""
    if found is None:
        return Cell("")
    gates = f"; {amounts.size(found.gates)} of gate runs" if found.gates else ""
    if not found.runs:
        return Cell(f"nothing; at most {amounts.size(found.limit)} of runs are{gates}")
    many = amounts.count(found.runs, "run") + gates
    what = f"{amounts.size(found.size)} of at most {amounts.size(found.limit)}, of {many}"
    # Each hour one looks; `run prune --dry-run` looks when it is asked.
    seen = screen.ago(found.at)
    if not found.prunable and found.size > found.limit:
        return Cell(f"{what}; none could go {seen}, each is needed or among the latest", "yellow")
    if not found.prunable:
        return Cell(f"{what}; none could go {seen}")
    prune = screen.addressed("pmrunnerctl run prune")
    return Cell(f"{what}; {found.prunable} could go: {prune}", "yellow")


def _waiting(screen: Screen, count: int) -> Cell:
    if not count:
        return Cell("nothing waits for you")
    what = "one thing waits" if count == 1 else f"{count} things wait"
    return Cell(f"{what} for you: {screen.addressed('pmrunnerctl inbox')}", "yellow")
