"""What a run may cost, in US dollars: the tightest of the limits of run, task, plan and day.

What was spent is what ended runs reported; of a run that is under way it is what it may cost at
most, so that two at once cannot both take what is left. Where a person raised a limit, it holds
once more of the same.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.model.entities import Question, Run, Task
from pmrunnerd.model.questions import RAISE, Kind
from pmrunnerd.model.spec import Budget
from pmrunnerd.model.state import State

RUN: Final = "run"
TASK: Final = "task"
PLAN: Final = "plan"
DAY: Final = "day"


class Ceilings(Struct, frozen=True, kw_only=True):
    """The limits that are set; 0 is none."""

    run: float = 0.0
    task: float = 0.0
    plan: float = 0.0
    day: float = 0.0


def budget(
    state: State, task: Task, ceilings: Ceilings, today: str, run: str = ""
) -> Budget | None:
    """Return the tightest limit of a run that is about to begin; None where there is none.

    `today` is a date (UTC); `run` is its own name where it is under way already.
    """
    found = [one for one in _budgets(state, task, ceilings, today, run) if one.limit > 0]
    return min(found, key=lambda one: one.limit - one.used, default=None)


def _budgets(
    state: State, task: Task, ceilings: Ceilings, today: str, run: str
) -> Iterable[Budget]:
    yield Budget(scope=RUN, limit=ceilings.run, used=0.0)
    yield _of(state, TASK, ceilings.task, (task,), run)
    tasks = [state.tasks[name] for name in state.plans[task.plan].tasks]
    yield _of(state, PLAN, ceilings.plan, tasks, run)
    reserved = sum(one.allowed for one in state.active.values() if one.id != run)
    day = _day(state, today)
    yield Budget(
        scope=DAY,
        limit=ceilings.day * (1 + day.raised),
        used=day.spent + reserved,
        reserved=reserved,
        about=day.about,
    )


def taken(state: State, task: Task, ceilings: Ceilings, today: str) -> str:
    """Say which run has all that is left of a limit; empty where it is spent, or where some is left."""
    found = budget(state, task, ceilings, today)
    if found is None or found.left > 0 or found.used - found.reserved >= found.limit:
        return ""
    holders = [run for run in state.active.values() if run.allowed]
    if found.scope == PLAN:
        holders = [run for run in holders if state.tasks[run.task].plan == task.plan]
    return f"the {found.scope}'s budget is taken by run {holders[0].id}"


def _of(state: State, scope: str, ceiling: float, tasks: Iterable[Task], run: str) -> Budget:
    spent, reserved, raised = 0.0, 0.0, 0
    for task in tasks:
        for one in (state.runs[name] for name in task.runs if name != run):
            spent += _cost(one)
            reserved += one.allowed if one.ended is None else 0.0
        raised += sum(_raises(state.questions[name], scope) for name in task.questions)
    limit = ceiling * (1 + raised)
    return Budget(scope=scope, limit=limit, used=spent + reserved, reserved=reserved)


def _cost(run: Run) -> float:
    return run.ended.dollars or 0.0 if run.ended is not None else 0.0


def cost(state: State, tasks: Iterable[Task]) -> float:
    """Return what the runs of some tasks have cost that have ended, in US dollars."""
    ended = (state.runs[name].ended for task in tasks for name in task.runs)
    return round(sum(one.dollars or 0.0 for one in ended if one is not None), 6)


def ceiling(state: State, scope: str, limit: float, tasks: Iterable[Task]) -> float:
    """Return what some tasks may cost, as often as that was raised; 0 where nothing limits it."""
    return _of(state, scope, limit, tasks, "").limit


def _raises(question: Question, scope: str) -> bool:
    answer = question.answer
    is_about = question.kind is Kind.BUDGET and question.about == scope
    return is_about and answer is not None and answer.text == RAISE


class _Day(Struct, frozen=True):
    """What a day has cost, and how often its limit was raised: it outlives the day's plans."""

    date: str = ""
    spent: float = 0.0
    raised: int = 0

    @property
    def about(self) -> str:
        """What a question about its limit is about: of several about the same, one raises it."""
        return f"{DAY} {self.date} {self.raised}"


def spend(state: State, dollars: float | None, at: str) -> None:
    """Take note of what a run has cost; `at` is when it ended (RFC 3339)."""
    if dollars:
        day = _day(state, at[:10])
        _keep(state, replace(day, spent=round(day.spent + dollars, 6)))


def raise_day(state: State, question: Question, answer: str, at: str) -> None:
    """Take note that a person raised the limit of a day, which several may have asked about."""
    day = _day(state, at[:10])
    # A run of before there was more in it said no more than `day`.
    is_about = question.kind is Kind.BUDGET and question.about in (DAY, day.about)
    if is_about and answer == RAISE:
        _keep(state, replace(day, raised=day.raised + 1))


def spent(state: State, today: str) -> float:
    """Return what the runs that ended on a day have cost."""
    return _day(state, today).spent


def _day(state: State, date: str) -> _Day:
    kept = state.about.get(DAY)
    day = msgspec.json.decode(kept, type=_Day) if kept else _Day()
    return day if day.date == date else _Day(date=date)


def _keep(state: State, day: _Day) -> None:
    state.about[DAY] = msgspec.json.encode(day).decode()
