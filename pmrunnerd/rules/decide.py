"""What a person asks for, as facts: each function checks one request and changes nothing.

`by` is who asked. No facts means that what was asked is so already.
"""

import shlex
from pathlib import PurePosixPath
from typing import Any, Final

from msgspec import UNSET

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, Project, Run, TaskState
from pmrunnerd.model.errors import BadRequest, Conflict, IllegalTransition, Refused
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts, aliases, closing, drafting, limits
from pmrunnerd.rules.gates import conduct
from pmrunnerd.rules.plans import REOPENABLE, UNDER_WAY, with_consequences

Facts = tuple[ev.AnyEvent, ...]

ELSEWHERE: Final = "git init ~/demo && git -C ~/demo -c user.name=me -c user.email=me@localhost commit --allow-empty -m start; pmrunnerctl project add demo ~/demo"


def post_message(state: State, project: str, text: str, by: str, mint: Mint) -> ev.MessagePosted:
    """Record what a person said in a project."""
    if not text.strip():
        raise BadRequest("cannot send the message: it is empty")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadRequest(
            f"cannot send the message: line {line} has a NUL, and no script can hold one",
            hint="tr -d '\\0' < FILE | pmrunnerctl chat send ALIAS -   takes them out",
        )
    known = state.project(project)
    return ev.MessagePosted(message=mint("m"), project=known.id, text=text, by=by)


def add_project(
    state: State, added: ev.ProjectAdded, *, state_directory: str, agents: tuple[str, ...]
) -> Facts:
    """Check that a directory may become a project. `added.path` is absolute and resolved."""
    where = shlex.quote(added.path) if added.path.isprintable() else "PATH"
    aliases.check(
        state, added.alias, added.path, lambda as_: f"pmrunnerctl project add {as_} {where}"
    )
    _check_agent(added.agent, agents)
    path, own = PurePosixPath(added.path), PurePosixPath(state_directory)
    if path == own or own in path.parents:
        raise Refused(
            f"cannot add {path}: it lies inside the state directory {own}", hint=ELSEWHERE
        )
    if path in own.parents:
        raise Refused(f"cannot add {path}: the state directory {own} lies in it", hint=ELSEWHERE)
    for project in state.projects.values():
        if project.removed:
            continue
        other = PurePosixPath(project.path)
        if other == path:
            raise Conflict(
                f"cannot add {path}: it is project {project.alias} already",
                hint=f"pmrunnerctl project show {project.alias}",
            )
        # Each would write the other's files, and an agent of one could replace the other.
        if other in path.parents or path in other.parents:
            raise Refused(
                f"cannot add {path}: it and project {project.alias}, {other}, overlap",
                hint=f"pmrunnerctl project show {project.alias}",
            )
    return (added,)


def change_project(
    state: State, project: Project, changed: ev.ProjectChanged, *, agents: tuple[str, ...]
) -> Facts:
    """Check new settings of a project; those that are as they were already say nothing."""
    fresh = {
        name: value for name, value in _given(changed).items() if getattr(project, name) != value
    }
    if "alias" in fresh:
        again = f"pmrunnerctl project set {project.alias} --alias "
        aliases.check(state, fresh["alias"], project.path, again.__add__)
    if "agent" in fresh:
        _check_agent(fresh["agent"], agents)
    if not fresh:
        return ()
    return (ev.ProjectChanged(project=project.id, by=changed.by, **fresh),)


def remove_project(state: State, project: Project, by: str) -> Facts:
    """Take a project off the list, unless work of it is under way."""
    for task in state.tasks.values():
        if task.project != project.id or state.plans[task.plan].state.has_ended:
            continue
        cannot = f"cannot remove project {project.alias}: task {task.id} is"
        if task.cancelling and task.state in UNDER_WAY:
            hint = f"pmrunnerctl task show {task.id}   once it is CANCELLED, ask again"
            raise Refused(f"{cannot} being stopped", hint=hint)
        if task.state in (*UNDER_WAY, TaskState.QUEUED):
            raise Refused(f"{cannot} {task.state}", hint=f"pmrunnerctl task cancel {task.id}")
    for gating in state.gatings.values():
        if gating.project == project.id and not gating.state.has_ended:
            raise Refused(
                f"cannot remove project {project.alias}: gate run {gating.id} is {gating.state}",
                hint=f"pmrunnerctl gate cancel {gating.id}",
            )
    return (ev.ProjectRemoved(project=project.id, by=by),)


def approve_plan(state: State, plan: str, by: str) -> Facts:
    """Let a plan's tasks start."""
    known = state.plan(plan)
    if known.state is PlanState.ACTIVE:
        return ()
    if known.state is PlanState.DRAFT:
        raise IllegalTransition(
            f"cannot approve plan {plan}: it is being made, and has no tasks yet",
            hint=f"pmrunnerctl plan show {plan}",
        )
    fact = ev.PlanApproved(plan=known.id, project=known.project, by=by)
    return with_consequences(state, [fact])


def reject_plan(state: State, plan: str, reason: str, by: str, *, drop: bool = False) -> Facts:
    """Say no to a plan and cancel its tasks; the agent that made it begins another, unless `drop`."""
    known = state.plan(plan)
    if known.state is PlanState.REJECTED:
        if known.reason == reason:
            return ()
        raise Conflict(
            f"cannot reject plan {plan} for another reason: it was rejected already",
            hint=f"pmrunnerctl plan show {plan}",
        )
    rejected = ev.PlanRejected(plan=known.id, project=known.project, reason=reason, by=by)
    why = f"plan {known.id} was rejected"
    cancelled = [
        ev.TaskCancelled(task=task, project=known.project, reason=why, by=by)
        for task in known.tasks
        if state.tasks[task].state is TaskState.QUEUED
    ]
    again = None if drop else drafting.begin_anew(state, known, reason)
    return with_consequences(state, [rejected, *cancelled, *([again] if again else [])])


def cancel_task(state: State, task: str, by: str) -> Facts:
    """Cancel a task; one that runs is stopped first and is cancelled when its run is gone."""
    known = state.task(task)
    if known.state is TaskState.CANCELLED or (
        known.state is TaskState.RUNNING and known.cancelling
    ):
        return ()
    if known.state is TaskState.RUNNING:
        wanted = ev.TaskCancelRequested(task=known.id, project=known.project, by=by)
        gating = state.gatings.get(known.gate_run) if closing.is_looking(known) else None
        if gating is None or gating.state.has_ended:
            return (wanted,)
        return (wanted, *conduct.cancel(state, gating.id, by))
    fact = ev.TaskCancelled(task=known.id, project=known.project, by=by)
    return with_consequences(state, [fact])


def retry_task(state: State, task: str, by: str) -> Facts:
    """Try a failed or cancelled task again, or one that waits for a provider sooner."""
    known = state.task(task)
    plan = state.plan(known.plan)
    if state.projects[known.project].removed:
        raise Refused(
            f"cannot retry task {task}: its project was removed",
            hint=f"pmrunnerctl task show {task}",
        )
    if known.id in plan.dropped:
        raise Refused(
            f"cannot retry task {task}: plan {plan.id} was edited, and has it no more",
            hint=f"pmrunnerctl plan show {plan.id}",
        )
    # What is to make a plan is no part of one yet.
    waits = plan.state is PlanState.DRAFT and known.state is TaskState.QUEUED
    if not waits and plan.state not in (*REOPENABLE, PlanState.ACTIVE):
        raise Refused(
            f"cannot retry task {task}: its plan {plan.id} is {plan.state}",
            hint=f"pmrunnerctl plan show {plan.id}",
        )
    # Whoever wants it now has one run see whether the provider's limit is over.
    account = accounts.of(state, limits.agent_of(state, known))
    sooner = (ev.AgentRetried(agent=account.id, by=by),) if account.limit else ()
    if sooner and known.state is TaskState.QUEUED:
        return () if account.at_once else sooner
    fact = ev.TaskRetried(task=known.id, project=known.project, by=by)
    return (*with_consequences(state, [fact]), *(() if account.at_once else sooner))


def cancel_run(state: State, run: str, by: str) -> Facts:
    """Stop a run that is under way and cancel its task."""
    known = state.run(run)
    if known.ended is not None:
        raise Refused(
            f"cannot cancel run {run}: it ended at {known.ended.at} ({known.ended.outcome})",
            hint=f"pmrunnerctl run show {run}",
        )
    return cancel_task(state, known.task, by)


def resume_run(state: State, run: str, by: str) -> Facts:
    """Go on with the task of a run, where that was its last one."""
    known = state.run(run)
    task = state.task(known.task)
    latest = task.runs[-1]
    if latest != known.id:
        raise Refused(
            f"cannot resume run {run}: {latest} came after it",
            hint=f"pmrunnerctl run resume {latest}",
        )
    _check_over(known)
    if task.state is TaskState.COMPLETE:
        raise IllegalTransition(
            f"cannot resume run {run}: its task {task.id} is {task.state}",
            hint=f"pmrunnerctl task show {task.id}",
        )
    return retry_task(state, known.task, by)


def _check_over(run: Run) -> None:
    if run.ended is None:
        raise Refused(
            f"cannot resume run {run.id}: it is running", hint=f"pmrunnerctl run logs {run.id} -f"
        )


def _given(changed: ev.ProjectChanged) -> dict[str, Any]:
    names = (
        *("alias", "project_type", "bootstrap_prompt", "agent", "plan_approval"),
        "gate_attempts",
    )
    given = {name: getattr(changed, name) for name in names}
    return {name: value for name, value in given.items() if value is not UNSET}


def _check_agent(agent: str, agents: tuple[str, ...]) -> None:
    if agent not in agents:
        raise BadRequest(
            f"cannot use agent {agent!r}: known are {', '.join(agents)}",
            hint="pmrunnerctl project add -h",
        )
