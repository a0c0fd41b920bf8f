"""`task`: one piece of work, and why it waits."""

from collections.abc import Sequence
from typing import Any, Final

import click

from pmrunnerctl import amounts, complete
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.replies import Offer, replies
from pmrunnerctl.runs import references
from pmrunnerctl.session import Session
from pmrunnerctl.states import outcome, state
from pmrunnerctl.verbs import Noun, Whole, verb
from pmrunnerctl.width import cut, one_line
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Question, Run, Task, TaskKind, TaskState
from pmrunnerd.model.questions import CLOSED, OTHERWISE, decided
from pmrunnerd.model.views import UNCONFINED, TaskRow, TaskTable, TaskView

# Of a title so much stands beside the reason, on a terminal.
_LABELS: Final = {
    TaskKind.PLANNING: "plan",
    TaskKind.GATES: "gates",
    TaskKind.EVIDENCE: "evidence",
}
_KINDS: Final = {
    TaskKind.PLANNING: "planning: it makes the plan",
    TaskKind.GATES: "gates: all that are declared have to pass, and the agent mends what does not",
    TaskKind.EVIDENCE: "evidence: EVIDENCE.md has to say what was changed, and the agent writes it",
}
_TITLE: Final = 32
_SLIGHT: Final = frozenset({"", "low", "none"})
TASK = click.argument("task", shell_complete=complete.tasks)
PAGED = (
    click.option("--before", metavar="ID", help="An older page."),
    click.option("--limit", metavar="N", type=Whole(1, 1000), default=50, help="(50)"),
)
NARROWED = (click.option("--project", metavar="ALIAS", help="Only of one project."), *PAGED)


@verb(
    "task list",
    *NARROWED,
    what="Nothing is changed.",
    example="pmrunnerctl task list --project demo",
    then="pmrunnerctl task show t7",
)
def list_(session: Session, project: str | None, before: str | None, limit: int) -> None:
    found = session.ask(p.TaskList(project=project, before=before, limit=limit))

    def draw(page: TaskTable) -> None:
        draw_rows(session.out, page.tasks, before)
        older(session.out, "task list", project, page.before, limit)

    session.show(found, draw)


@verb(
    "task show",
    TASK,
    what="Nothing is changed.",
    example="pmrunnerctl task show t7",
    then="pmrunnerctl run logs r9-4f2a",
)
def show(session: Session, task: str) -> None:
    found = session.ask(p.TaskShow(task=task))
    session.show(found, lambda view: draw_task(session.out, view))


@verb(
    "task cancel",
    TASK,
    what="What it changed stays reachable as refs/pm-runner/runs/RUN; the working tree goes back."
    " Tasks that need it do not start.",
    example="pmrunnerctl task cancel t7",
    then="pmrunnerctl task retry t7",
)
def cancel(session: Session, task: str) -> None:
    done = session.ask(p.TaskCancel(task=task))

    def say(_: Any) -> None:
        found = session.ask(p.TaskShow(task=done.id))
        over = found.task.state is not TaskState.RUNNING
        still = "" if over else f", as soon as {_under_way(found)}"
        session.out.line(f"task {done.id} is {'' if over else 'to be '}cancelled{still}")
        session.out.next(f"pmrunnerctl task show {done.id}")

    session.show(done, say)


@verb(
    "task retry",
    TASK,
    what="It is queued and begins anew, as another run.",
    example="pmrunnerctl task retry t7",
    then="pmrunnerctl task show t7",
)
def retry(session: Session, task: str) -> None:
    done = session.ask(p.TaskRetry(task=task))

    def say(_: Any) -> None:
        session.out.line(f"task {done.id} is queued again")
        session.out.next(f"pmrunnerctl task show {done.id}")

    session.show(done, say)


task = Noun("task", list_, show, cancel, retry, about="The pieces of work that plans are made of.")


def draw_rows(screen: Screen, rows: Sequence[TaskRow], before: str | None = None) -> None:
    """Write tasks, one a line, and why each is where it is."""
    if not rows:
        nothing(screen, "tasks", before)
        return
    screen.table(
        ("TASK", "PLAN", "PROJECT", "STATE", "SINCE", "TITLE", "WHY"),
        [
            (
                row.task.id,
                row.task.plan,
                row.alias,
                state(row.task.state),
                screen.ago(row.task.at),
                _title(row.task) if screen.columns is None else cut(_title(row.task), _TITLE),
                _why(screen, row),
            )
            for row in rows
        ],
    )


def _title(task: Task) -> str:
    kind = _LABELS.get(task.kind, "")
    return f"{kind}: {task.title}" if kind else task.title


def _why(screen: Screen, row: TaskRow) -> str | Cell:
    why = screen.reason(row.waits or row.task.reason)
    if not row.unconfined:
        return why
    return Cell("; ".join(filter(None, (UNCONFINED, why))), "red")


def nothing(screen: Screen, what: str, before: str | None) -> None:
    """Say that there are none: at all, or older ones."""
    screen.line(f"no {what} yet" if before is None else f"no {what} before {before}")
    if before is None:
        screen.next("pmrunnerctl chat send ALIAS TEXT")


def older(screen: Screen, words: str, project: str | None, before: str | None, limit: int) -> None:
    """Say the command for the page before this one, where there is one."""
    if before is not None:
        narrowed = f" --project {project}" if project else ""
        screen.next(f"pmrunnerctl {words}{narrowed} --limit {limit} --before {before}", "older")


def draw_task(screen: Screen, view: TaskView) -> None:
    """Write one task with its text, runs and questions."""
    found = view.task
    screen.pairs(
        [
            ("task", f"{found.id} {one_line(found.name)} of plan {found.plan} in {view.alias}"),
            ("title", found.title),
            ("kind", _KINDS.get(found.kind, "")),
            ("state", state(found.state)),
            ("waits", Cell(screen.reason(view.waits.removeprefix("waits ")), "yellow")),
            ("reason", screen.addressed(found.reason)),
            ("since", screen.when(found.at)),
            ("needs", ", ".join(found.needs)),
            ("purpose", found.purpose or ""),
            ("files", one_line(", ".join(found.files))),
            ("risk", risk(found)),
            ("sent back", amounts.count(found.sent_back, "time") if found.sent_back else ""),
            ("cost", amounts.cost(view.cost, view.limit)),
            ("commit", found.commit),
            ("result", found.result),
            *(("found", Cell(one_line(finding), "yellow")) for finding in _findings(view.runs)),
            *((run.id, _ended(run, let_go=run.id in view.let_go)) for run in view.runs),
            *(_asked(screen, question) for question in view.questions),
            ("text", found.text),
        ]
    )
    for run in view.runs[-1:]:
        screen.next(f"pmrunnerctl run logs {run.id}")
    if found.state is TaskState.ERROR:
        screen.next(f"pmrunnerctl task retry {found.id}")


def _under_way(view: TaskView) -> str:
    """Say what has to end before a task that runs is cancelled: a run of it, or a look without one."""
    task = view.task
    if task.runs and not (task.kind.checks and not task.objections):
        return f"its run {task.runs[-1]} is gone"
    return f"its gate run {task.gate_run} is over" if task.gate_run else "it has looked"


def risk(task: Task) -> Cell:
    """Return what is risky about a task, in a colour unless that is nothing much."""
    return Cell(task.risk, "" if task.risk.strip(" .").casefold() in _SLIGHT else "yellow")


def _findings(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return what is wrong with the work, as far as the last run that ended found."""
    ended = [run.ended for run in runs if run.ended is not None]
    return ended[-1].findings if ended else ()


def _ended(run: Run, *, let_go: bool) -> Cell:
    ended = outcome(run)
    if run.ended is None:
        return ended
    gone = ", which was let go with its files" if let_go else ""
    refs = ", ".join(references(run.ended))
    kept = f"\nkept as {refs}{gone}" if refs else ""
    aside = f"\nset aside in {run.ended.aside}" if run.ended.aside else ""
    return Cell(f"{ended.text}{kept}{aside}", ended.style)


def _asked(screen: Screen, question: Question) -> tuple[str, Cell]:
    if question.answer is not None:
        text = question.answer.text
        how = f"answered by {question.answer.by}: {decided(question.kind, text) or text}"
    elif question.withdrawn:
        how = "withdrawn"
    else:
        offer = Offer(
            question.id,
            question.options,
            question.kind in CLOSED,
            question.multiple,
            OTHERWISE.get(question.kind, ""),
        )
        how = "\n".join(replies(offer, screen.addressed))
    waits = question.answer is None and not question.withdrawn
    offered = "".join(f"{n}. {one_line(text)}\n" for n, text in enumerate(question.options, 1))
    return question.id, Cell(f"{question.text}\n{offered}{how}", "yellow" if waits else "")
