"""What a plan may look like, and how a proposal becomes facts.

A proposal names its steps; the facts number them. Its dependencies form a directed acyclic graph
over names that exist; every step has something to do.
"""

from graphlib import CycleError, TopologicalSorter
from typing import Final

from msgspec import Struct

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Message, PlanApproval, Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.naming import Mint

MOST_STEPS: Final = 200
LONGEST_STEP: Final = 256 << 10
LONGEST_NAME: Final = 64
WIDTH: Final = 72


def title(text: str) -> str:
    """Return the first line that says something, cut to the width of a commit's subject."""
    for line in text.splitlines():
        words = line.strip().lstrip("#").strip()
        if words and not line.startswith("#!"):
            return words if len(words) <= WIDTH else words[: WIDTH - 1] + "…"
    return ""


class Step(Struct, frozen=True, kw_only=True):
    """One task as an agent proposes it; `needs` are names of other steps."""

    name: str
    text: str
    title: str = ""
    needs: tuple[str, ...] = ()


class Proposal(Struct, frozen=True, kw_only=True):
    """What an agent makes of a message, before the rules have looked at it."""

    title: str
    steps: tuple[Step, ...]


def problems(proposal: Proposal) -> list[str]:
    """Return everything that is wrong with a proposal; nothing where it is a plan."""
    found: list[str] = []
    names = [step.name for step in proposal.steps]
    if not names:
        found.append("it has no task")
    if len(names) > MOST_STEPS:
        found.append(f"it has {len(names)} tasks, more than {MOST_STEPS}")
    found += [
        f"two tasks are called {name}" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    for step in proposal.steps:
        if len(step.name) > LONGEST_NAME:
            found.append(f"the name {step.name[:20]}… is longer than {LONGEST_NAME} characters")
        if not step.text.strip():
            found.append(f"task {step.name} is empty")
        if len(step.text) > LONGEST_STEP:
            found.append(f"task {step.name} is longer than {LONGEST_STEP >> 10} KiB")
        found += [
            f"task {step.name} needs {need}, which is not in the plan"
            for need in step.needs
            if need not in names
        ]
    try:
        TopologicalSorter({step.name: step.needs for step in proposal.steps}).prepare()
    except CycleError as exc:
        found.append("its tasks wait for each other: " + " needs ".join(exc.args[1][::-1]))
    return found


def draft(project: Project, message: Message, proposal: Proposal, mint: Mint) -> list[ev.AnyEvent]:
    """Return the facts that make a message a plan, or refuse it; all of one commit."""
    plan = mint("p")
    if wrong := problems(proposal):
        return [refusal(plan, message, "; ".join(wrong))]
    tasks = {step.name: mint("t") for step in proposal.steps}
    planned = tuple(
        ev.PlannedTask(
            task=tasks[step.name],
            name=step.name,
            title=step.title or title(step.text) or step.name,
            text=step.text,
            needs=tuple(tasks[need] for need in dict.fromkeys(step.needs)),
        )
        for step in proposal.steps
    )
    drafted = ev.PlanDrafted(
        plan=plan, project=project.id, message=message.id, title=proposal.title, tasks=planned
    )
    if project.plan_approval is PlanApproval.MANUAL:
        return [drafted, ev.PlanSubmitted(plan=plan, project=project.id)]
    return [drafted, ev.PlanApproved(plan=plan, project=project.id)]


def refusal(plan: str, message: Message, reason: str) -> ev.PlanRefused:
    """Return the fact that a message could not become a plan."""
    return ev.PlanRefused(plan=plan, project=message.project, message=message.id, reason=reason)


def refuse(message: Message, error: Refused, mint: Mint) -> list[ev.AnyEvent]:
    """Return the facts for a message of which an agent could make nothing."""
    return [refusal(mint("p"), message, str(error).partition(": ")[2] or str(error))]
