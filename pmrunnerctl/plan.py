"""`plan`: what the runner made of a message, and whether it may begin."""

from typing import Any

import click

from pmrunnerctl import amounts, complete, editing, planform, task
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.states import counts, state
from pmrunnerctl.texts import joined
from pmrunnerctl.verbs import Noun, verb
from pmrunnerctl.width import one_line
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.views import UNCONFINED, PlanRow, PlanTable, PlanView

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
    click.option("--toml", is_flag=True, help="As a text that plan edit --file takes."),
    what="What each task is to do is in --toml, and in task show. Nothing is changed.",
    example="pmrunnerctl plan show p3\npmrunnerctl plan show p3 --toml > plan.toml",
    then="pmrunnerctl task show t7",
)
def show(session: Session, plan: str, *, toml: bool) -> None:
    found = session.ask(p.PlanShow(plan=plan, texts=toml))
    if toml:
        session.show(found, lambda view: session.out.raw(planform.written(view)))
    else:
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
    click.option("--drop", is_flag=True, help="Want no other plan of the message."),
    what="None of its tasks starts. The reason stays in the conversation. An agent that made the plan"
    " is told the reason and makes another one; with --drop, that is the end of it.",
    example="pmrunnerctl plan reject p3 leave the database alone",
    then="pmrunnerctl chat follow ALIAS",
)
def reject(session: Session, plan: str, reason: tuple[str, ...], *, drop: bool) -> None:
    done = session.ask(p.PlanReject(plan=plan, reason=joined(reason, "reason"), drop=drop))

    def say(_: Any) -> None:
        session.out.line(f"rejected plan {done.id}")
        if not drop and (another := session.ask(p.PlanShow(plan=done.id)).plan.replaced_by):
            session.out.line(f"plan {another} is to take its place")
            session.out.next(f"pmrunnerctl plan show {another}")

    session.show(done, say)


@verb(
    "plan edit",
    PLAN,
    click.option("--file", metavar="FILE", help="Take it from a file, or from standard input: -"),
    click.option("--approve", is_flag=True, help="Approve it in the same breath."),
    what="Opens it in $VISUAL or $EDITOR as TOML, and again with what is wrong, until it is a plan."
    " The tasks that it had are cancelled, and the plan waits for approval as before. Nothing is changed"
    " where somebody else edited it meanwhile; what you wrote is kept then, and it is said where.",
    example="pmrunnerctl plan edit p3\npmrunnerctl plan edit p3 --approve --file plan.toml",
    then="pmrunnerctl plan approve p3",
)
def edit(session: Session, plan: str, file: str | None, *, approve: bool) -> None:
    if file is None:
        done = editing.by_hand(session, plan, approve=approve)
    else:
        done = editing.from_file(session, plan, file, approve=approve)
    if done is None:
        session.note(f"plan {plan} is as it was")
        return

    def say(said: p.Done) -> None:
        session.out.line(f"edited {'and approved ' if approve else ''}plan {said.id}")
        session.out.next(f"pmrunnerctl plan {'show' if approve else 'approve'} {said.id}")

    session.show(done, say)


plan = Noun("plan", list_, show, approve, reject, edit, about="What the runner made of messages.")


def _how_far(row: PlanRow) -> Cell:
    far = row.making or counts(row.tasks)
    return Cell(f"{UNCONFINED}; {far}", "red") if row.unconfined else Cell(far)


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
                _how_far(row),
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
            ("making", Cell(view.making, "cyan")),
            ("agent", found.agent),
            ("reason", screen.addressed(found.reason)),
            ("instead of", found.instead_of),
            ("replaced by", found.replaced_by),
            ("held to", "\n".join(found.objections)),
            ("edited", amounts.count(found.edits, "time") if found.edits else ""),
            ("cost", amounts.cost(view.cost, view.limit)),
            ("since", screen.when(found.at)),
            ("sandbox", Cell(UNCONFINED if view.unconfined else "", "red")),
            ("message", view.message),
        ]
    )
    if view.tasks:
        screen.line()
        task.draw_rows(screen, view.tasks)
        _draw_expected(screen, [row.task for row in view.tasks])
        if found.state is PlanState.AWAITING_APPROVAL:
            screen.next(f"pmrunnerctl plan approve {found.id}", "or plan reject, or plan edit")
        elif [row.task.state for row in view.tasks if _plans(row.task)] == [TaskState.ERROR]:
            screen.next(f"pmrunnerctl task retry {view.tasks[0].task.id}", "has it planned again")
        elif failed := [row.task.id for row in view.tasks if row.task.state is TaskState.ERROR]:
            screen.next(f"pmrunnerctl task retry {failed[0]}")
    elif found.state is PlanState.ERROR:
        screen.next(f"pmrunnerctl chat send {view.alias} TEXT", "no task was made of it")


def _plans(task: Task) -> bool:
    return task.kind is TaskKind.PLANNING


def _draw_expected(screen: Screen, tasks: list[Task]) -> None:
    """Write what a plan says of its tasks, and they of themselves, beside their titles."""
    for one in tasks:
        about: list[tuple[str, str | Cell]] = [
            ("needs", ", ".join(one.needs)),
            ("purpose", one.purpose or ""),
            ("files", one_line(", ".join(one.files))),
            ("risk", task.risk(one)),
            ("result", one.result),
        ]
        if one.purpose or one.files or one.risk or one.result:
            screen.line()
            screen.line(f"{one.id} {one_line(one.name)}", "bold")
            screen.pairs(about)
