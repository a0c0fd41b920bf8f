"""A plan as a person changes it before it is approved; all that is wrong with it is said at once."""

from msgspec import Struct

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskKind, TaskState
from pmrunnerd.model.errors import BadRequest, Conflict
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import planning
from pmrunnerd.rules.planning import Proposal
from pmrunnerd.rules.plans import with_consequences
from pmrunnerd.rules.transitions import PLAN, step

Facts = tuple[ev.AnyEvent, ...]


class Edit(Struct, frozen=True, kw_only=True):
    """What a plan is to be. `edits` is how often it had been edited when the person looked at it."""

    plan: str
    edits: int
    wanted: Proposal


def edit_plan(state: State, edit: Edit, by: str, *, approve: bool = False) -> Facts:
    """Have other tasks take the place of those of a plan that waits for approval.

    `approve` lets it begin at once.
    """
    plan, wanted = edit.plan, edit.wanted
    known = state.plan(plan)
    bare = ev.PlanEdited(plan=known.id, project=known.project, title="", tasks=(), by=by)
    step(PLAN, f"plan {known.id}", known.state, bare)
    if known.edits != edit.edits:
        raise Conflict(
            f"cannot edit plan {plan}: somebody has edited it since",
            hint=f"pmrunnerctl plan show {plan} --toml",
        )
    if wrong := planning.problems(wanted):
        raise BadRequest(
            f"cannot edit plan {plan}: {'; '.join(wrong)}", hint=f"pmrunnerctl plan edit {plan}"
        )
    edited = ev.PlanEdited(
        plan=known.id,
        project=known.project,
        title=planning.title(wanted.title) or known.title,
        tasks=planning.tasks(state.projects[known.project], wanted, Mint(state.minted)),
        by=by,
    )
    why = f"plan {known.id} was edited"
    cancelled = [
        ev.TaskCancelled(task=task.id, project=task.project, reason=why, by=by)
        for task in (state.tasks[name] for name in known.tasks)
        if task.kind is not TaskKind.PLANNING and task.state is TaskState.QUEUED
    ]
    approved = ev.PlanApproved(plan=known.id, project=known.project, by=by)
    return with_consequences(state, [*cancelled, edited, *([approved] if approve else [])])
