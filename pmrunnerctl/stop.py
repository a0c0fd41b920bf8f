"""`stop`: the daemon leaves, and what ran is parked."""

from typing import Any

import click

from pmrunnerctl import launch, recipe
from pmrunnerctl.exits import misused
from pmrunnerctl.leaving import leave
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb
from pmrunnerd.model import protocol as p


@verb(
    "stop",
    click.option("--keep-runs", is_flag=True, help="Leave agents at work for the next daemon."),
    what="Agents at work are interrupted, what they changed is kept, and their tasks are queued"
    " again for the next daemon; nothing said is lost. Returns once the daemon is gone. One that"
    " systemd runs is stopped by systemd.",
    example="pmrunnerctl stop",
    then="pmrunnerctl start",
)
def stop(session: Session, *, keep_runs: bool) -> None:
    overview = session.ask(p.Status())
    unit = launch.unit_of(overview.environment, overview.pid)
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
        leave(session, overview, keep_runs=keep_runs)

    def say(_: Any) -> None:
        session.out.line(f"stopped pmrunnerd ({overview.environment}, pid {overview.pid})")
        session.out.line(of_runs(overview.runs, kept=keep_runs))
        session.out.next(back)

    session.show(p.Done(id=overview.environment), say)


def of_runs(count: int, *, kept: bool) -> str:
    """Say what became of the runs that were under way when the daemon was asked."""
    if not count:
        return "no run was under way"
    if kept:
        runs = "one run goes" if count == 1 else f"{count} runs go"
        return f"{runs} on without it; the next daemon reads on"
    runs = "one run was" if count == 1 else f"{count} runs were"
    return f"{runs} interrupted; what was changed is kept, the tasks are queued again"
