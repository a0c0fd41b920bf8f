"""Turns recorded facts into what people read in a conversation."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pmrunnerd.api import moves, plans
from pmrunnerd.model import events as ev
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import PlanState, TaskKind
from pmrunnerd.model.questions import CLOSED, OPTIONS, OTHERWISE, decided
from pmrunnerd.model.state import State
from pmrunnerd.store.batch import Batch

RUNNER: Final = "runner"
AGENT: Final = "agent"
WAITS: Final = "AWAITING_RESPONSE"


def entries(
    state: State, project: str, batch: Batch, *, unconfined: bool = False
) -> tuple[v.Entry, ...]:
    """Return what one commit added to a project's conversation.

    `state` tells what has become of it since: a question that was answered waits no more.
    `unconfined` says that nothing confines the runs that are to come.
    """
    runs = {
        state.runs[fact.run].task: fact
        for fact in batch.facts
        if isinstance(fact, ev.RunEnded) and fact.run in state.runs
    }
    told = _Told(state, batch, runs, unconfined=unconfined)
    return tuple(
        entry
        for fact in batch.facts
        if getattr(fact, "project", None) == project
        for entry in told.tell(fact)
    )


class _Told:
    """Tells the facts of one commit. `runs` are those that ended in it, by their task."""

    def __init__(
        self, state: State, batch: Batch, runs: Mapping[str, ev.RunEnded], *, unconfined: bool
    ) -> None:
        self._state = state
        self._batch = batch
        self._runs = runs
        self._unconfined = unconfined

    def tell(self, fact: object) -> Iterator[v.Entry]:
        if teller := TELLERS.get(type(fact)):
            yield from teller(self, fact)

    def _entry(self, kind: str, author: str, text: str, **about: Any) -> v.Entry:
        about.setdefault("unconfined", self._was_unconfined(about.get("run", "")))
        cursor, at = self._batch.seq, self._batch.at
        return v.Entry(cursor=cursor, at=at, kind=kind, author=author, text=text, **about)

    def _was_unconfined(self, run: str) -> bool:
        return run in self._state.runs and self._state.runs[run].confined is False

    def message(self, fact: ev.MessagePosted) -> Iterator[v.Entry]:
        yield self._entry("message", fact.by, fact.text, id=fact.message)

    def plan(self, fact: ev.PlanDrafted | ev.PlanProposed | ev.PlanEdited) -> Iterator[v.Entry]:
        names = {task.task: task.name for task in fact.tasks}
        # Of a script, a title is its first line, which the message has.
        listed = plans.listed(fact.tasks, titled=not isinstance(fact, ev.PlanDrafted))
        edited = " (edited)" if isinstance(fact, ev.PlanEdited) else ""
        plan = self._state.plans.get(fact.plan)
        # One that was edited since is told again, and waits there.
        is_so = plan is not None and names.keys() <= set(plan.tasks)
        waits = plan is not None and plan.state is PlanState.AWAITING_APPROVAL and is_so
        yield self._entry(
            "plan",
            getattr(fact, "by", "") or RUNNER,
            "\n".join([fact.title + edited, *listed]),
            id=fact.plan,
            plan=fact.plan,
            run=getattr(fact, "run", ""),
            state=WAITS if waits else "",
            unconfined=self._unconfined and plan is not None and not plan.state.has_ended,
        )

    def planning(self, fact: ev.PlanBegun) -> Iterator[v.Entry]:
        text = f"plan {fact.plan} is being made by {fact.agent}, as task {fact.planner.task}"
        if fact.instead_of:
            text += f", to take the place of {fact.instead_of}"
        about = {"id": fact.plan, "plan": fact.plan, "task": fact.planner.task}
        yield self._entry("planning", RUNNER, text, **about)

    def sent_back(self, fact: ev.TaskSentBack) -> Iterator[v.Entry]:
        why = "".join(f"\n{one}" for one in fact.objections)
        known = self._state.tasks.get(fact.task)
        wrong = (
            "this does not hold" if known and known.kind.checks else "what it proposed is no plan"
        )
        text = f"{self._name(fact.task)} was sent back, because {wrong}:{why}"
        yield self._entry("sent-back", RUNNER, text, id=fact.task, **self._about(fact.task))

    def refusal(self, fact: ev.PlanRefused | ev.PlanRejected) -> Iterator[v.Entry]:
        by = fact.by if isinstance(fact, ev.PlanRejected) else RUNNER
        plan, text = self._state.plans.get(fact.plan), fact.reason
        if plan is not None and plan.replaced_by:
            text += f"\nplan {plan.replaced_by} takes its place"
        yield self._entry("refusal", by, text, id=fact.plan, plan=fact.plan)

    def approval(self, fact: ev.PlanApproved) -> Iterator[v.Entry]:
        if fact.by:  # nobody approved the plan of a project that approves by itself
            text = f"approved plan {fact.plan}"
            yield self._entry("approval", fact.by, text, id=fact.plan, plan=fact.plan)

    def plan_over(
        self, fact: ev.PlanCompleted | ev.PlanFailed | ev.PlanCancelled
    ) -> Iterator[v.Entry]:
        kind, happened = _OUTCOMES[type(fact)]
        text = _because(f"plan {fact.plan} {happened}", fact)
        yield self._entry(kind, RUNNER, text, id=fact.plan, plan=fact.plan)

    def question(self, fact: ev.TaskAsked) -> Iterator[v.Entry]:
        for asked in fact.questions:
            question = self._state.questions.get(asked.question)
            is_open = question is not None and not (question.answer or question.withdrawn)
            yield self._entry(
                "question",
                RUNNER if asked.kind in OPTIONS else AGENT,
                asked.text,
                id=asked.question,
                options=asked.options,
                state=WAITS if is_open else "",
                fixed=asked.kind in CLOSED,
                details=asked.details,
                multiple=asked.multiple,
                otherwise=OTHERWISE.get(asked.kind, ""),
                **self._about(fact.task) | {"run": fact.run},
            )

    def answer(self, fact: ev.QuestionAnswered) -> Iterator[v.Entry]:
        question = self._state.questions.get(fact.question)
        about = self._about(question.task) if question else {}
        text = (decided(question.kind, fact.text) if question else "") or fact.text
        yield self._entry("answer", fact.by, text, id=fact.question, **about)

    def task(self, fact: "_TaskOutcome") -> Iterator[v.Entry]:
        if self._is_told_as_a_plan(fact):
            return
        kind, happened = _OUTCOMES[type(fact)]
        if isinstance(fact, ev.TaskLimited) and not fact.until:  # only a login has no time
            happened = "waits for a login"
        text = _because(f"{self._name(fact.task)} {happened}", fact)
        if isinstance(fact, ev.TaskCompleted) and fact.result:
            text += f"\n{fact.result}"
        run = self._runs.get(fact.task)
        if run is not None and run.kept:
            text += f"\nwhat it had changed is kept as {', '.join((run.kept, *run.also))}"
        if run is not None and run.aside:
            text += f"\nwhat git cannot keep is in {run.aside}"
        failed = isinstance(fact, ev.TaskFailed)
        yield self._entry(
            kind,
            getattr(fact, "by", "") or RUNNER,
            text,
            id=fact.task,
            commit=getattr(fact, "commit", ""),
            state="ERROR" if failed and plans.is_to_retry(self._state, fact.task) else "",
            **self._about(fact.task),
        )

    def _name(self, task: str) -> str:
        known = self._state.tasks.get(task)
        return f"{task} {known.name}" if known else task

    def _is_told_as_a_plan(self, fact: "_TaskOutcome") -> bool:
        """Tell whether it is the making of a plan that is told itself, or a task that was edited out."""
        known = self._state.tasks.get(fact.task)
        if known is None:
            return False
        if isinstance(fact, ev.TaskCompleted):
            return known.kind is TaskKind.PLANNING
        edits = (one for one in self._batch.facts if isinstance(one, ev.PlanEdited))
        return any(edit.plan == known.plan for edit in edits)

    def _about(self, task: str) -> dict[str, str]:
        known = self._state.tasks.get(task)
        run = self._runs.get(task)
        return {
            "task": task,
            "plan": known.plan if known else "",
            "run": run.run if run else "",
        }

    def moved(self, fact: moves.Moved) -> Iterator[v.Entry]:
        author, text = moves.told(self._state, fact)
        yield self._entry("promotion", author or RUNNER, text, id=fact.promotion)

    def kept(self, fact: ev.LeftoversKept) -> Iterator[v.Entry]:
        files = "1 file" if fact.files == 1 else f"{fact.files} files"
        text = (
            f"what run {fact.run} left behind ({files}), and whatever was changed after it died,"
            f" is kept as {', '.join((fact.ref, *fact.also))}\nto have a file back: git checkout {fact.ref} -- FILE"
        )
        aside = f"what git cannot keep of run {fact.run} is in {fact.aside}"
        said = [*([text] if fact.ref else ()), *([aside] if fact.aside else ())]
        yield self._entry("kept", RUNNER, "\n".join(said), run=fact.run)


def _because(text: str, fact: ev.Event) -> str:
    return f"{text}: {reason}" if (reason := getattr(fact, "reason", "")) else text


_TaskOutcome = (
    ev.TaskCompleted
    | ev.TaskFailed
    | ev.TaskCancelled
    | ev.TaskHeld
    | ev.TaskInterrupted
    | ev.TaskLimited
    | ev.TaskRetried
)

_OUTCOMES: Final[Mapping[type[ev.Event], tuple[str, str]]] = {
    ev.TaskCompleted: ("complete", "is complete"),
    ev.TaskFailed: ("error", "failed"),
    ev.TaskCancelled: ("cancelled", "was cancelled"),
    ev.TaskHeld: ("held", "is held back"),
    ev.TaskInterrupted: ("interrupted", "was interrupted"),
    ev.TaskLimited: ("limited", "waits for the model's provider"),
    ev.TaskRetried: ("retried", "is tried again"),
    ev.PlanCompleted: ("complete", "is complete"),
    ev.PlanFailed: ("error", "failed"),
    ev.PlanCancelled: ("cancelled", "was cancelled"),
}

TELLERS: Final[Mapping[type[Any], Callable[[_Told, Any], Iterator[v.Entry]]]] = {
    **dict.fromkeys(_OUTCOMES, _Told.task),
    ev.MessagePosted: _Told.message,
    **dict.fromkeys((ev.PlanDrafted, ev.PlanProposed, ev.PlanEdited), _Told.plan),
    **dict.fromkeys(moves.TOLD, _Told.moved),
    ev.PlanBegun: _Told.planning,
    ev.TaskSentBack: _Told.sent_back,
    **dict.fromkeys((ev.PlanRefused, ev.PlanRejected), _Told.refusal),
    ev.PlanApproved: _Told.approval,
    **dict.fromkeys((ev.PlanCompleted, ev.PlanFailed, ev.PlanCancelled), _Told.plan_over),
    ev.TaskAsked: _Told.question,
    ev.QuestionAnswered: _Told.answer,
    ev.LeftoversKept: _Told.kept,
}
