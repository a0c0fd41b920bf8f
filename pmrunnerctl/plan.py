"""`plan`: what the runner made of a message, and whether it may begin."""

from typing import Any

import click

from pmrunnerctl import complete, task
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.states import counts, state
from pmrunnerctl.texts import joined
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState
from pmrunnerd.model.views import UNCONFINED, PlanTable, PlanView

PLAN = click.argument("plan", shell_complete=complete.plans)


@verb(
    "plan list",
    *task.NARROWED,
    what="With how many of its tasks are in which state.",
    example="pmrunnerctl plan list --project demo",
    then="pmrunnerctl plan show p3",
)
def list_(session: Session, project: str | None, before: str | None, limit: int) -> None:
    def show(page: PlanTable) -> None:
        draw(session.out, page, before)
        task.older(session.out, "plan list", project, page.before, limit)

    session.show(session.ask(p.PlanList(project=project, before=before, limit=limit)), show)


@verb(
    "plan show",
    PLAN,
    what="Nothing is changed.",
    example="pmrunnerctl plan show p3",
    then="pmrunnerctl task show t7",
)
def show(session: Session, plan: str) -> None:
    found = session.ask(p.PlanShow(plan=plan))
    session.show(found, lambda view: draw_plan(session.out, view))


@verb(
    "plan approve",
    PLAN,
    what="For projects with --plan-approval manual. Approving twice is approving once.",
    example="pmrunnerctl plan approve p3",
    then="pmrunnerctl chat follow ALIAS",
)
def approve(session: Session, plan: str) -> None:
    done = session.ask(p.PlanApprove(plan=plan))

    def say(_: Any) -> None:
        session.out.line(f"approved plan {done.id}; its tasks start as soon as they can")
        session.out.next(f"pmrunnerctl plan show {done.id}")

    session.show(done, say)


@verb(
    "plan reject",
    PLAN,
    click.argument("reason", nargs=-1, required=True),
    what="None of its tasks starts. The reason stays in the conversation.",
    example="pmrunnerctl plan reject p3 leave the database alone",
    then="pmrunnerctl chat send ALIAS TEXT",
)
def reject(session: Session, plan: str, reason: tuple[str, ...]) -> None:
    done = session.ask(p.PlanReject(plan=plan, reason=joined(reason, "reason")))
    session.show(done, lambda _: session.out.line(f"rejected plan {done.id}"))


plan = Noun("plan", list_, show, approve, reject, about="What the runner made of messages.")


def draw(screen: Screen, found: PlanTable, before: str | None = None) -> None:
    """Write plans, one a line."""
    if not found.plans:
        task.nothing(screen, "plans", before)
        return
    screen.table(
        ("PLAN", "PROJECT", "STATE", "TASKS", "TITLE", "SINCE"),
        [
            (
                row.plan.id,
                row.alias,
                state(row.plan.state),
                counts(row.tasks),
                row.plan.title or screen.addressed(row.plan.reason),
                screen.ago(row.plan.at),
            )
            for row in found.plans
        ],
        stretch=4,
    )


def draw_plan(screen: Screen, view: PlanView) -> None:
    """Write one plan with its message and tasks."""
    found = view.plan
    screen.pairs(
        [
            ("plan", f"{found.id} of {view.alias}"),
            ("title", found.title),
            ("state", state(found.state)),
            ("reason", screen.addressed(found.reason)),
            ("since", screen.when(found.at)),
            ("sandbox", Cell(UNCONFINED if view.unconfined else "", "red")),
            ("message", view.message),
        ]
    )
    if view.tasks:
        screen.line()
        task.draw_rows(screen, view.tasks)
    elif found.state is PlanState.ERROR:
        screen.next(f"pmrunnerctl chat send {view.alias} TEXT", "no task was made of it")
