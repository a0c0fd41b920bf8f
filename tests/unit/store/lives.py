"""Random lives of two projects: facts that may follow, and all that can be seen of a store."""

from collections.abc import Sequence
from typing import Any

from pmrunnerd.api import present
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, PlanState, TaskKind, TaskState
from pmrunnerd.model.naming import Mint
from pmrunnerd.model.progress import Asked, Finished, Proposed, ProposedTask
from pmrunnerd.model.state import State
from pmrunnerd.rules import agenda, answers, decide, drafting, planning
from pmrunnerd.rules.edits import Edit, edit_plan
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended
from pmrunnerd.rules.planning import Proposal, Step
from pmrunnerd.rules.plans import REOPENABLE
from pmrunnerd.store.store import Store

Facts = Sequence[ev.AnyEvent]
BY = "anna"
STEPS = (
    (Step(name="one", text="echo 1"),),
    (Step(name="one", text="echo 1"), Step(name="two", text="echo 2", needs=("one",))),
    (),
)


def beginning() -> Facts:
    return (
        ev.ProjectAdded(project="w1", alias="auto", path="/srv/auto"),
        ev.ProjectAdded(
            project="w2", alias="manual", path="/srv/manual", plan_approval=PlanApproval.MANUAL
        ),
    )


def next_facts(store: Store, choice: int) -> Facts:
    """Return one of the things that may happen next."""
    state = store.ahead
    people = [*_people(state, store), *_prunes(store)]
    options = [*_posts(state), *_plans(state), *_runs(state), *people]
    facts: Facts = options[choice % len(options)]()
    return facts


def failed_plan(store: Store) -> str:
    """Say something in `w1`, have it planned, started and failed; return the name of its task."""
    state, mint = store.ahead, Mint(store.ahead.minted)
    message, task, run = mint("m"), mint("t"), mint("r", "4f2a")
    for facts in (
        lambda: (ev.MessagePosted(message=message, project="w1", text="do it", by=BY),),
        lambda: planning.draft(
            state.projects["w1"],
            state.messages[message],
            Proposal(title="do it", steps=STEPS[0]),
            Mint(state.minted),
        ),
        lambda: (ev.RunStarted(run=run, task=task, project="w1", agent="shell", attempt=1),),
        lambda: ended(
            state,
            state.runs[run],
            Finished(at="", outcome=Outcome.FAILED, reason="it did not work"),
            Seen(),
            Circumstances(patience=3),
        ),
    ):
        store.commit(*facts())
        store.flush()
    return task


def _posts(state: State) -> list[Any]:
    return [
        lambda project=project: (
            decide.post_message(state, project, f"message in {project}", BY, Mint(state.minted)),
        )
        for project in ("w1", "w2")
    ]


def _plans(state: State) -> list[Any]:
    return [
        lambda message=message, steps=steps: planning.draft(
            state.projects[message.project],
            message,
            Proposal(title=message.text, steps=steps),
            Mint(state.minted),
        )
        for message in state.messages.values()
        for steps in STEPS
    ] + [
        lambda message=message: (drafting.begin(message, "oracle", Mint(state.minted)),)
        for message in state.messages.values()
        for _ in STEPS[:2]
    ]


def _runs(state: State) -> list[Any]:
    starts = [
        lambda task=state.tasks[action.task]: (
            ev.RunStarted(
                run=Mint(state.minted)("r", "4f2a"),
                task=task.id,
                project=task.project,
                agent="shell",
                attempt=len(task.runs) + 1,
            ),
        )
        for action in agenda.agenda(state, slots=3, clear=set(), stopping=False)
        if isinstance(action, agenda.Start)
    ]
    outcomes = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ASKED, Outcome.INTERRUPTED)
    ends = [
        lambda run=run, outcome=outcome: ended(
            state,
            run,
            Finished(at="", outcome=outcome),
            Seen(cursor=9, asked=[Asked(at="", text="Which?", options=("a", "b"))]),
            Circumstances(patience=2),
        )
        for run in state.active.values()
        for outcome in outcomes
    ]
    return [*starts, *ends, *_proposals(state)]


def _proposals(state: State) -> list[Any]:
    return [
        lambda run=run, proposed=proposed: ended(
            state,
            run,
            Finished(at="", outcome=Outcome.SUCCEEDED),
            Seen(cursor=9, proposed=proposed),
            Circumstances(patience=2),
        )
        for run in state.active.values()
        if state.tasks[run.task].kind is TaskKind.PLANNING
        for proposed in map(_proposed, STEPS)
        for _ in STEPS
    ]


def _proposed(steps: tuple[Step, ...]) -> Proposed:
    tasks = (ProposedTask(name=one.name, text=one.text, needs=one.needs) for one in steps)
    return Proposed(at="", title="it", tasks=tuple(tasks))


def _people(state: State, store: Store) -> list[Any]:
    found: list[Any] = []
    for plan in list(store.lists.plans(None, None))[:6]:
        known = state.plan(plan.id)
        if known.state is PlanState.AWAITING_APPROVAL:
            found.append(lambda plan=plan: decide.approve_plan(state, plan.id, BY))
            found.append(lambda plan=plan: decide.reject_plan(state, plan.id, "no", BY))
            edit = Edit(
                plan=plan.id, edits=known.edits, wanted=Proposal(title="it", steps=STEPS[1])
            )
            found.append(lambda edit=edit: edit_plan(state, edit, BY))
        for name in known.tasks:
            task = state.task(name)
            if task.state in (TaskState.ERROR, TaskState.CANCELLED) and (
                known.state in (*REOPENABLE, PlanState.ACTIVE)
            ):
                found.append(lambda name=name: decide.retry_task(state, name, BY))
            if task.state in (TaskState.QUEUED, TaskState.AWAITING_RESPONSE, TaskState.ERROR):
                found.append(lambda name=name: decide.cancel_task(state, name, BY))
            found += [
                lambda q=q: answers.answer(state, q.id, "a", BY) for q in state.open_questions(task)
            ]
    return found


def _prunes(store: Store) -> list[Any]:
    runs = [run for run in list(store.lists.runs(None, None))[:6] if run.ended is not None]
    return [
        lambda run=run: (ev.RunPruned(run=run.id, project=run.project, size=1, reason="old"),)
        for run in runs
        if store.pruned(run.id) is None
    ]


def seen(store: Store) -> dict[str, Any]:
    """Return everything that can be seen of what is durable, by whatever way one may ask."""
    state, lists = store.state, store.lists
    plans = list(lists.plans(None, None))
    return {
        "durable": store.durable,
        "plans": plans,
        "tasks": list(lists.tasks(None, None)),
        "runs": list(lists.runs(None, None)),
        "by project": [
            [list(getattr(lists, what)(project, None)) for what in ("plans", "tasks", "runs")]
            for project in ("w1", "w2")
        ],
        "by name": [
            (
                state.plan(plan.id),
                [(state.task(t), _of(state, t)) for t in (*plan.tasks, *plan.dropped)],
            )
            for plan in plans
        ],
        "messages": [store.message(f"m{n}") for n in range(1, state.minted.get("m", 0) + 1)],
        "rows": present.project_rows(state, lambda _: "x"),
        "totals": present.totals(state),
        "inbox": present.inbox(state, None),
        "agenda": agenda.agenda(state, slots=3, clear=set(), stopping=False),
        "read": store.read(0, 1000),
        "said": [store.conversation(project, None, 1000) for project in ("w1", "w2")],
        "since": [store.conversation_since(project, 3, 1000) for project in ("w1", "w2")],
        "minted": dict(state.minted),
        "pruned": [store.pruned(run.id) for run in lists.runs(None, None)],
    }


def _of(state: State, task: str) -> tuple[Any, ...]:
    known = state.task(task)
    return (
        [state.run(run) for run in known.runs],
        [state.question(question) for question in known.questions],
    )


def leftovers(store: Store, ref: str = "refs/x") -> ev.LeftoversKept:
    """Return that something was kept of the second run, or of the only one."""
    run = f"r{min(2, store.ahead.minted['r'])}-4f2a"
    return ev.LeftoversKept(run=run, project="w1", ref=ref, files=1)
