"""A plan that an agent makes by a run: begun, proposed, sent back while it is wrong, begun anew.

Its first task is that of making it. What a run of that proposes counts only once the run has ended
well, and only where `planning` finds nothing wrong with it; then the plan has its other tasks.
"""

from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Message, Plan, PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Proposed
from pmrunnerd.model.state import State
from pmrunnerd.rules import closing, planning
from pmrunnerd.rules.planning import Proposal, Step
from pmrunnerd.rules.plans import UNDER_WAY, can_go_on

NAME: Final = "plan"
NO_PLAN: Final = "it ended without a plan"
_UNTITLED: Final = "make a plan"
_UNENDED: Final = frozenset({TaskState.QUEUED, *UNDER_WAY})


def begin(message: Message, agent: str, mint: Mint) -> ev.PlanBegun:
    """Return the fact that an agent is to make a message a plan."""
    titled = planning.title(message.text) or _UNTITLED
    return ev.PlanBegun(
        plan=mint("p"),
        project=message.project,
        message=message.id,
        title=titled,
        agent=agent,
        planner=_planner(titled, message.text, mint),
    )


def begin_anew(state: State, plan: Plan, objection: str) -> ev.PlanBegun | None:
    """Return the fact that whoever made a plan makes another one; None where no run made it."""
    made = planner(state, plan)
    if made is None:
        return None
    mint = Mint(state.minted)
    return ev.PlanBegun(
        plan=mint("p"),
        project=plan.project,
        message=plan.message,
        title=made.title,
        agent=plan.agent,
        planner=_planner(made.title, made.text, mint),
        instead_of=plan.id,
        objections=(*plan.objections, objection),
    )


def _planner(titled: str, text: str, mint: Mint) -> ev.PlannedTask:
    return ev.PlannedTask(
        task=mint("t"), name=NAME, title=titled, text=text, kind=TaskKind.PLANNING
    )


def planner(state: State, plan: Plan) -> Task | None:
    """Return the task that makes, or made, a plan; None where no run did."""
    found = (state.tasks[name] for name in plan.tasks[:1])
    return next((task for task in found if task.kind is TaskKind.PLANNING), None)


def concluded(
    state: State, task: Task, run: str, proposed: Proposed | None, *, rounds: int
) -> tuple[ev.AnyEvent, ...]:
    """Return what a run that ended well means for the plan that it was to propose.

    What is wrong with a proposal goes back to the same session, at most `rounds` times.
    """
    name, plan, project = task.id, state.plans[task.plan], state.projects[task.project]
    if proposed is None:
        return (ev.TaskFailed(task=name, project=project.id, reason=NO_PLAN),)
    proposal = _proposal(proposed)
    if wrong := tuple(planning.problems(proposal)):
        if task.sent_back < rounds:
            return (ev.TaskSentBack(task=name, project=project.id, objections=wrong),)
        why = f"what it proposed is no plan: {'; '.join(wrong)}"
        return (ev.TaskFailed(task=name, project=project.id, reason=why, objections=wrong),)
    return (
        ev.TaskCompleted(task=name, project=project.id),
        ev.PlanProposed(
            plan=plan.id,
            project=project.id,
            run=run,
            title=planning.title(proposal.title) or plan.title,
            tasks=planning.tasks(project, proposal, Mint(state.minted)),
        ),
        planning.approval(project, plan.id),
    )


def _proposal(proposed: Proposed) -> Proposal:
    steps = tuple(
        Step(
            name=one.name,
            title=one.title,
            text=one.text,
            needs=one.needs,
            files=one.files,
            risk=one.risk,
            purpose=one.purpose,
        )
        for one in proposed.tasks
    )
    return Proposal(title=proposed.title, steps=steps)


def before(state: State, task: Task) -> tuple[str, ...]:
    """Return the runs whose session a task goes on with that are not its own, oldest first.

    Of one that plans they are those that made the plans which its plan takes the place of.
    """
    if task.kind.checks:
        return closing.before(state, task)
    runs: tuple[str, ...] = ()
    plan = state.plans[task.plan]
    while task.kind is TaskKind.PLANNING and plan.instead_of:
        plan = state.plans[plan.instead_of]
        made = planner(state, plan)
        runs = (*(made.runs if made else ()), *runs)
    return runs


def is_gone_on_with(state: State, task: Task) -> bool:
    """Tell whether another task may yet go on with the session in which a task planned."""
    plan, latest = state.plans[task.plan], task
    while plan.replaced_by:
        plan = state.plans[plan.replaced_by]
        made = planner(state, plan)
        if made is None or made.state is TaskState.COMPLETE:
            return False  # it has the session by now, and is asked itself
        latest = made
    if latest is task:
        return task.kind is TaskKind.PLANNING and plan.state is PlanState.AWAITING_APPROVAL
    return latest.state in _UNENDED or can_go_on(state, latest)
