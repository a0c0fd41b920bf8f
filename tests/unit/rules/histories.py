"""Random lives, made of nothing but what the rules themselves allow: for tests of every history.

A history is a list of numbers. Each chooses one of the moves that there are at that moment, so that
a shorter list is a simpler life, and hypothesis can shrink it.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, TaskKind
from pmrunnerd.model.errors import PmError
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Asked, Finished, Proposed, ProposedTask
from pmrunnerd.model.state import State
from pmrunnerd.rules import answers, decide, drafting, outcomes, planning
from pmrunnerd.rules.agenda import Start, agenda
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.outcomes import Circumstances, Seen
from pmrunnerd.rules.planning import Proposal, Step
from tests.unit.rules.life import AT

Facts = tuple[ev.AnyEvent, ...]
Move = Callable[[State], Facts]
Choices = list[int]
Needs = dict[str, tuple[str, ...]]

CHOICES: Final = st.lists(st.integers(0, 10_000), max_size=40)
GIVEN: Final = Circumstances(patience=2, rounds=1, now=AT)
# After any limit of a provider, so that lives go on.
LATER: Final = "2999-01-01T00:00:00.000Z"
SHAPES: Final[tuple[Needs, ...]] = (
    {"a": ()},
    {"a": (), "b": ("a",)},
    {"a": (), "b": (), "c": ("a", "b")},
)


def dump(state: State) -> dict[str, object]:
    """Return all that a state holds, to compare."""
    held: dict[str, object] = {name: dict(getattr(state, name)) for name in State.TABLES}
    return held | {"seq": state.seq, "release": state.release}


def apply(state: State, facts: Facts) -> None:
    """Take a commit in as the store does: whole or not at all."""

    def write(state: State) -> None:
        for fact in facts:
            evolve(state, fact, AT)

    state.written(write)


def asking(ask: Callable[..., Facts], *rest: object) -> Move:
    """Return a move that asks a rule of the state that there is then."""
    return lambda state: ask(state, *rest)


def decisions(state: State) -> Iterator[Move]:
    """Yield all that a person can ask for: also what is refused just now."""
    for alias in sorted({project.alias for project in state.projects.values()}):
        yield asking(_remove, alias)
        yield asking(_change, alias, {"plan_approval": PlanApproval.MANUAL})
        yield asking(_change, alias, {"alias": "renamed"})
    for plan in state.plans:
        yield asking(decide.approve_plan, plan, "anna")
        yield asking(decide.reject_plan, plan, "no", "anna")
        yield asking(_drop, plan)
        seen = state.plans[plan].edits
        yield from (asking(_edit, plan, seen, needs) for needs in SHAPES[:2])
    for task in state.tasks:
        yield asking(decide.cancel_task, task, "anna")
        yield asking(decide.retry_task, task, "anna")
    for run in state.runs:
        yield asking(decide.cancel_run, run, "anna")
        yield asking(decide.resume_run, run, "anna")
    for question, text in product(state.questions, ("yes", "no")):
        yield asking(answers.answer, question, text, "anna")


def _drop(state: State, plan: str) -> Facts:
    return decide.reject_plan(state, plan, "never", "anna", drop=True)


def _edit(state: State, plan: str, seen: int, needs: Needs) -> Facts:
    edit = Edit(plan=plan, edits=seen, wanted=_proposal(needs))
    return edit_plan(state, edit, "anna", approve=len(needs) > 1)


def _proposal(needs: Needs) -> Proposal:
    steps = tuple(Step(name=name, text="true", needs=wanted) for name, wanted in needs.items())
    return Proposal(title="x", steps=steps)


def _remove(state: State, alias: str) -> Facts:
    return decide.remove_project(state, state.project(alias), "anna")


def _change(state: State, alias: str, settings: dict[str, Any]) -> Facts:
    project = state.project(alias)
    changed = ev.ProjectChanged(project=project.id, by="anna", **settings)
    return decide.change_project(state, project, changed, agents=("shell",))


def _add(state: State, approval: PlanApproval) -> Facts:
    added = ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo", plan_approval=approval)
    return decide.add_project(state, added, state_directory="/state", agents=("shell",))


def _post(state: State, project: str) -> Facts:
    return (decide.post_message(state, project, "do it", "anna", Mint(state.minted)),)


def _plan(state: State, message: str, needs: Needs) -> Facts:
    said, mint = state.messages[message], Mint(state.minted)
    return tuple(planning.draft(state.projects[said.project], said, _proposal(needs), mint))


def _begin(state: State, message: str) -> Facts:
    return (drafting.begin(state.messages[message], "oracle", Mint(state.minted)),)


def _start(state: State, name: str) -> Facts:
    task, run = state.tasks[name], f"r{state.minted.get('r', 0) + 1}"
    attempt = len(task.runs) + 1
    started = ev.RunStarted(
        run=run, task=name, project=task.project, agent="shell", attempt=attempt
    )
    return (started,)


def end(state: State, run: str, outcome: Outcome, needs: Needs | None = None) -> Facts:
    """Have a run end, with a question, and with a proposal of what is needed where that is given."""
    seen = Seen(cursor=9, asked=[Asked(at=AT, text="which?", options=("yes", "no"))])
    if needs is not None:
        tasks = tuple(ProposedTask(name=n, text="true", needs=w) for n, w in needs.items())
        seen.proposed = Proposed(at=AT, title="x", tasks=tasks)
    finished = Finished(at=AT, outcome=outcome, reason="it did")
    return outcomes.ended(state, state.runs[run], finished, seen, GIVEN)


def _work(state: State) -> Iterator[Move]:
    if state.minted.get("m", 0) < len(SHAPES):
        yield from (asking(_post, p.id) for p in state.projects.values() if not p.removed)
    yield from (asking(_plan, message, needs) for message in state.messages for needs in SHAPES)
    yield from (asking(_begin, message) for message in state.messages for _ in SHAPES)
    held = {task.id for task in state.tasks.values() if task.held}
    for action in agenda(state, slots=2, clear=held, stopping=False, now=LATER):
        if isinstance(action, Start):
            yield asking(_start, action.task)
    yield from (asking(end, run, outcome) for run in state.active for outcome in Outcome)
    for run in state.active.values():
        if state.tasks[run.task].kind is TaskKind.PLANNING:
            # Two in three are plans; what needs itself is none.
            shapes: tuple[Needs, ...] = (*SHAPES, *SHAPES, {"a": ("a",)}, {}, {"b": ("c",)})
            yield from (asking(end, run.id, Outcome.SUCCEEDED, needs) for needs in shapes)


def chosen(state: State, choice: int) -> Move:
    """Return what a number chooses: three times out of four work goes on, else a person decides."""
    if not state.projects:
        return asking(_add, list(PlanApproval)[choice % 2])
    work, decided = list(_work(state)), list(decisions(state))
    pool = (decided if choice % 4 == 0 else work) or work or decided
    return pool[choice // 4 % len(pool)]


def lived(choices: Choices) -> State:
    """Return the state after a life; a move that is refused is a moment in which nothing was."""
    state = State()
    for choice in choices:
        try:
            facts = chosen(state, choice)(state)
        except PmError:
            continue
        apply(state, facts)
    return state
