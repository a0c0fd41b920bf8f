"""What a plan may look like, and how a proposal becomes facts.

A proposal names its steps; the facts number them. Its dependencies form a directed acyclic graph
over names that exist; every step has something to do.
"""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Final

from msgspec import Struct

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Message, PlanApproval, Project, Purpose
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import closing

MOST_STEPS: Final = 200
LONGEST_STEP: Final = 256 << 10
LONGEST_PLAN: Final = 1 << 20
LONGEST_NAME: Final = 64
MOST_FILES: Final = 200
LONGEST_FILE: Final = 4096
LONGEST_RISK: Final = 4096
WIDTH: Final = 72
MOST_PROBLEMS: Final = 10
ANEW: Final = "change that, and send the message again"


def title(text: str) -> str:
    """Return the first line that says something, cut to the width of a commit's subject."""
    for line in text.splitlines():
        words = line.strip().lstrip("#").strip()
        if words and not line.startswith("#!"):
            return words if len(words) <= WIDTH else words[: WIDTH - 1] + "…"
    return ""


class Step(Struct, frozen=True, kw_only=True):
    """One task as an agent proposes it; `needs` are names of other steps.

    `files` are those that it is to change, `risk` is what may go wrong with it. `line` is where it
    stands in the message; 0 is nowhere.
    """

    name: str
    text: str
    title: str = ""
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    risk: str = ""
    purpose: Purpose | None = None
    line: int = 0


class Proposal(Struct, frozen=True, kw_only=True):
    """What an agent makes of a message, before the rules have looked at it."""

    title: str
    steps: tuple[Step, ...]


def whole(text: str) -> Proposal:
    """Return the plan of a message for an agent that understands prose and makes none: one task."""
    return Proposal(title=title(text), steps=(Step(name="task", text=text.strip("\n")),))


def problems(proposal: Proposal) -> list[str]:
    """Return what is wrong with a proposal, at most so much of it as people read; else nothing."""
    steps = proposal.steps
    if not steps:
        return ["it has no task"]
    if len(steps) > MOST_STEPS:
        return [f"it has {len(steps)} tasks, more than {MOST_STEPS}"]
    found = list(islice(_problems(steps), MOST_PROBLEMS + 1))
    if len(found) > MOST_PROBLEMS:
        return [*found[:MOST_PROBLEMS], "and more"]
    if not found and (size := sum(map(_size, steps))) > LONGEST_PLAN:
        found.append(f"it has {size >> 10} KiB in all, more than {LONGEST_PLAN >> 10} KiB")
    if not found:
        try:
            TopologicalSorter({step.name: step.needs for step in steps}).prepare()
        except CycleError as exc:
            found.append("its tasks wait for each other: " + " needs ".join(exc.args[1][::-1]))
    return found


def _problems(steps: Sequence[Step]) -> Iterator[str]:
    names = Counter(step.name for step in steps)
    for name in (name for name, n in names.items() if n > 1):
        lines = [str(step.line) for step in steps if step.name == name and step.line]
        where = f" (lines {' and '.join(lines)})" if lines else ""
        yield f"two tasks are called {_short(name)}{where}"
    for step in steps:
        yield from _problems_of(step, names)


def _problems_of(step: Step, names: Container[str]) -> Iterator[str]:
    name = _short(step.name) + (f" (line {step.line})" if step.line else "")
    if not step.name.strip():
        yield "a task has no name"
    if len(step.name) > LONGEST_NAME:
        yield f"the name {name} is longer than {LONGEST_NAME} characters"
    if not step.text.strip():
        yield f"task {name} is empty"
    if len(step.text) > LONGEST_STEP:
        yield f"task {name} is longer than {LONGEST_STEP >> 10} KiB"
    yield from _problems_of_what_is_expected(step, name)
    for need in step.needs:
        if need not in names:
            yield f"task {name} needs {_short(need)}, which is not in the plan"


def _problems_of_what_is_expected(step: Step, name: str) -> Iterator[str]:
    if len(step.files) > MOST_FILES:
        yield f"task {name} names {len(step.files)} files, more than {MOST_FILES}"
    if any(len(file) > LONGEST_FILE for file in step.files):
        yield f"task {name} names a file of more than {LONGEST_FILE} characters"
    if len(step.risk) > LONGEST_RISK:
        yield f"the risk of task {name} is longer than {LONGEST_RISK} characters"


def _size(step: Step) -> int:
    """Return about how many bytes a step has; a fact with all of a plan has to fit in a frame."""
    texts = (step.name, step.title, step.text, step.risk, *step.needs, *step.files)
    return sum(len(text.encode(errors="surrogatepass")) for text in texts)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def draft(project: Project, message: Message, proposal: Proposal, mint: Mint) -> list[ev.AnyEvent]:
    """Return the facts that make a message a plan, or refuse it; all of one commit."""
    plan = mint("p")
    if wrong := problems(proposal):
        why = f"cannot plan the message: {'; '.join(wrong)}"
        return [refusal(plan, message, _with_hint(why, ANEW))]
    drafted = ev.PlanDrafted(
        plan=plan,
        project=project.id,
        message=message.id,
        title=proposal.title,
        tasks=tasks(project, proposal, mint),
    )
    return [drafted, approval(project, plan)]


def tasks(project: Project, proposal: Proposal, mint: Mint) -> tuple[ev.PlannedTask, ...]:
    """Return the tasks of a proposal that is as it should be, each with a number of its own.

    Behind them are those with which each plan of such a project ends.
    """
    numbers = {step.name: mint("t") for step in proposal.steps}
    planned = tuple(
        ev.PlannedTask(
            task=numbers[step.name],
            name=step.name,
            title=title(step.title) or title(step.text) or step.name,
            text=step.text,
            needs=tuple(numbers[need] for need in dict.fromkeys(step.needs)),
            files=step.files,
            risk=step.risk,
            purpose=step.purpose,
        )
        for step in proposal.steps
    )
    return closing.closed(project, planned, mint)


def approval(project: Project, plan: str) -> ev.PlanSubmitted | ev.PlanApproved:
    """Return the fact that a new plan waits for a person, or does not have to."""
    if project.plan_approval is PlanApproval.MANUAL:
        return ev.PlanSubmitted(plan=plan, project=project.id)
    return ev.PlanApproved(plan=plan, project=project.id)


def refusal(plan: str, message: Message, reason: str) -> ev.PlanRefused:
    """Return the fact that a message could not become a plan."""
    return ev.PlanRefused(plan=plan, project=message.project, message=message.id, reason=reason)


def refuse(message: Message, error: Refused, mint: Mint) -> list[ev.AnyEvent]:
    """Return the facts for a message of which an agent could make nothing."""
    return [refusal(mint("p"), message, _with_hint(str(error), error.hint or ANEW))]


def _with_hint(why: str, hint: str) -> str:
    return f"{why}\nhint: {hint}"
