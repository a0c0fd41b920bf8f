"""`gate log` and `gate prepare`: what a gate printed, and what makes what gates need."""

import contextlib

import click

from pmrunnerctl import complete, watch
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerctl.width import coloured
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.gates import Gating, GatingState, Verdict


@verb(
    "gate log",
    click.argument("gate_run", shell_complete=complete.gate_runs),
    click.argument("gate", required=False, default=""),
    click.option("-f", "--follow", is_flag=True, help="Go on until the gate is over."),
    what="Without a gate: what was printed when that gate run had prepared what its gates need. A log keeps its first 8 MiB and"
    " its last; into a pipe it goes as it is. With -f the exit status is 0 for a gate that passed, 8 for any"
    " other; Ctrl-C ends the watching, not the gate. Nothing in a log decides anything.",
    example="pmrunnerctl gate log g3 unit -f",
    then="pmrunnerctl gate show g3",
)
def log(session: Session, gate_run: str, gate: str, *, follow: bool) -> None:
    with watch.watching(session, work="the gate goes on"):
        told(session, p.GateLog(run=gate_run, gate=gate, follow=follow))
        if follow:
            passed = _passed(session.ask(p.GateShow(run=gate_run)).run, gate)
            session.end(Exit.OK if passed else Exit.ENDED_BADLY)


@verb(
    "gate prepare",
    click.argument("alias", shell_complete=complete.aliases),
    click.argument("commit", required=False, default=""),
    click.option("--detach", is_flag=True, help="Return at once; it goes on by itself."),
    what="What gates-prepare of the commit declares (the latest, where none is named) is run with a network, once for each content"
    " of its inputs; gates have what it made, and a gate run does the same before its first gate. No gate is tried. What it"
    " prints is shown; the exit status is 0 once all is there, else 8.",
    example="pmrunnerctl gate prepare demo",
    then="pmrunnerctl gate run demo --all",
)
def prepare(session: Session, alias: str, commit: str, *, detach: bool) -> None:
    done = session.ask(p.GatePrepare(project=alias, commit=commit))

    def begun(said: p.Done) -> None:
        session.out.line(f"gate run {said.id} of {alias} prepares what its gates need")
        if detach:
            session.out.next(f"pmrunnerctl gate log {said.id} -f")

    session.show(done, begun)
    session.out.flush()
    if not detach:
        session.end(_prepared(session, alias, done.id))


def _prepared(session: Session, alias: str, gate_run: str) -> Exit:
    """Show what is printed until all is there; say how it went."""
    there = False
    with watch.watching(session, work="it goes on"):
        try:
            told(session, p.GateLog(run=gate_run, follow=True))
        except Cannot as exc:
            if exc.code is not Code.NOT_FOUND:
                raise
            there = True  # nothing was to be made, or nobody came so far
    found = session.ask(p.GateShow(run=gate_run))
    good = found.row.passed

    def draw(_: object) -> None:
        if good:
            session.out.line(
                "all was there already" if there else "all that its gates need is there"
            )
            session.out.next(f"pmrunnerctl gate run {alias} --all")
        else:
            session.out.line(found.run.reason or str(found.run.state), "red")
            session.out.next(f"pmrunnerctl gate show {gate_run}")

    session.show(found, draw)
    if not good:
        saw(session, gate_run)
    return Exit.OK if good else Exit.ENDED_BADLY


def saw(session: Session, gate_run: str) -> None:
    """Say that somebody was there when a gate run did not pass."""
    # Where that cannot be recorded it waits in the inbox, and somebody sees it twice.
    with contextlib.suppress(Cannot):
        session.ask(p.GateSeen(run=gate_run))


def told(session: Session, request: p.GateLog) -> None:
    """Write a log as it comes."""
    for piece in session.stream(request):
        if session.json:
            session.print_json(piece)
        else:
            _print(session.out, piece.text)


def _print(screen: Screen, text: str) -> None:
    """Write what a gate printed; on a terminal it must not type into it, or rename it."""
    shown = text if screen.columns is None else coloured(text)
    if screen.columns is not None and (shown != text or "\x1b" in text):
        shown += "\x1b[0m"
    screen.raw(shown)
    screen.flush()


def _passed(gating: Gating, gate: str) -> bool:
    """Tell whether a gate has passed; without one, whether what prepares them did not keep them from it."""
    if not gate:
        return gating.state in {GatingState.RUNNING, GatingState.ENDED}
    results = gating.record.results if gating.record else ()
    return any(one.gate == gate and one.verdict is Verdict.PASSED for one in results)
