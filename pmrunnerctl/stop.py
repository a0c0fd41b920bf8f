"""`stop`: the daemon leaves, and what ran is parked."""

from typing import Any

import click

from pmrunnerctl import dist, held, holder, lastly, launch, recipe
from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.leaving import leave
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import Overview


@verb(
    "stop",
    click.option("--keep-runs", is_flag=True, help="Leave agents at work for the next daemon."),
    what="Agents at work are interrupted, what they changed is kept, and their tasks are queued"
    " again for the next daemon; nothing said is lost. Returns once the daemon is gone, or where none runs. One that"
    " systemd runs is stopped by systemd.",
    example="pmrunnerctl stop",
    then="pmrunnerctl start",
)
def stop(session: Session, *, keep_runs: bool) -> None:
    overview = _if_there(session)
    if overview is None:
        _say_that_none_runs(session)
        return
    unit = held.unit_of(session, overview)
    if unit and keep_runs:
        raise misused(
            f"cannot stop {unit} and keep its runs: systemd parks them with it",
            hint="pmrunnerctl restart   keeps them at work",
        )
    if unit:
        back = session.addressed(f"pmrunnerctl start --env {overview.environment}")
        launch.systemctl("stop", unit)
    else:
        back = recipe.again(session, overview)
        found = dist.running(overview)
        leave(session, overview, keep_runs=keep_runs)
        if found:
            found.was_stopped()

    def say(_: Any) -> None:
        session.out.line(f"stopped pmrunnerd ({overview.environment}, pid {overview.pid})")
        session.out.line(of_runs(overview.runs, kept=keep_runs))
        session.out.next(back)

    session.show(p.Done(id=overview.environment), say)


def _if_there(session: Session) -> Overview | None:
    """Return the overview of a daemon, which is waited for only where somebody has its state."""
    try:
        return session.client_of(session.place, patience=0).call(p.Status())
    except Cannot as exc:
        if exc.exits is not Exit.UNREACHABLE or not exc.retryable:
            raise
    there = holder.is_there(session.place.socket.parent)
    return session.ask(p.Status()) if there else None


def _say_that_none_runs(session: Session) -> None:
    def say(_: Any) -> None:
        session.out.line(f"no pmrunnerd runs at {session.place.socket}")
        session.out.next(lastly.once_more(session.place.hint.partition("\n")[0], session.place))

    session.show(p.Done(id=session.env), say)


def of_runs(count: int, *, kept: bool) -> str:
    """Say what became of the runs that were under way when the daemon was asked."""
    if not count:
        return "no run was under way"
    if kept:
        runs = "one run goes" if count == 1 else f"{count} runs go"
        return f"{runs} on without it; the next daemon reads on"
    runs = "one run was" if count == 1 else f"{count} runs were"
    return f"{runs} interrupted; what was changed is kept, the tasks are queued again"
