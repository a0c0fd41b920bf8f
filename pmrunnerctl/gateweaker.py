"""`gate weaker` and `gate accept`: what gates ask less than before, and a person who accepts that."""

import click

from pmrunnerctl import complete
from pmrunnerctl.render import Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import WeakerView

_RUN = click.argument("gate_run", shell_complete=complete.gate_runs)


@verb(
    "gate weaker",
    _RUN,
    what="A commit can change its own gates. A gate that is gone, another command, a network or `tests = none` that is new, a count of"
    " tests a tenth below: each is shown. Compared is with the release that runs, for a project that is the runner"
    " itself, else with the last gate run of all gates that passed. Nothing is changed.",
    example="pmrunnerctl gate weaker g3",
    then="pmrunnerctl gate show g3",
)
def weaker(session: Session, gate_run: str) -> None:
    found = session.ask(p.GateWeaker(run=gate_run))
    session.show(found, lambda view: draw(session.out, view))


@verb(
    "gate accept",
    _RUN,
    click.argument("digest"),
    what="DIGEST is what `gate weaker` shows: all that is on its list is accepted, and nothing else. Your name stands beside it."
    " Needs the level admin.",
    example="pmrunnerctl gate accept g3 4f2a…",
    then="pmrunnerctl gate weaker g3",
)
def accept(session: Session, gate_run: str, digest: str) -> None:
    done = session.ask(p.GateAccept(run=gate_run, digest=digest))

    def say(said: p.Done) -> None:
        session.out.line(f"what gate run {said.id} asks less is accepted, by your word")
        session.out.next(f"pmrunnerctl gate weaker {said.id}")

    session.show(done, say)


def draw(screen: Screen, view: WeakerView) -> None:
    """Write each difference on a line, and how they are accepted."""
    found = view.differences
    if not view.before:
        screen.line(f"nothing was gated before {view.run}: there is nothing to compare it with")
        return
    if not found.found:
        screen.line(f"gate run {view.run} asks nothing less than {view.before}")
        return
    screen.line(f"gate run {view.run} asks less than {view.before}:")
    screen.table(
        ("GATE", "WHAT", "BEFORE", "NOW"),
        [(one.gate, one.words, one.before, one.now) for one in found.found],
    )
    if view.accepted:
        screen.line(f"accepted by {view.accepted}", "green")
    else:
        screen.next(f"pmrunnerctl gate accept {view.run} {found.digest}")
