"""People in the storm of runs: each has work done in a project of its own, and sees to it until it is done."""

import itertools
import random
import time
from pathlib import Path
from typing import Final

from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import TaskState
from tests.crash import chores
from tests.crash.chores import FAILURE, FRUIT, Chore
from tests.crash.diary import Diary

PAUSE: Final = 0.05
# Seconds that the chores of one message may take, with all that happens to them.
DONE_WITHIN: Final = 600.0


class Person:
    """One project and who talks to it. `wanted` are the chores by task, `answers` by question."""

    def __init__(self, alias: str, path: Path, diary: Diary, seed: int) -> None:
        self.alias = alias
        self.path = path
        self.diary = diary
        self.wanted: dict[str, Chore] = {}
        self.answers: dict[str, str] = {}
        self.gives_up = False
        self._counter = itertools.count(1)
        self._dice = random.Random(f"{seed} {alias}")
        self._thinks_again: set[str] = set()

    def work(self, diary: Diary) -> None:
        """Say something and see to all that comes of it."""
        assert diary is self.diary
        self.have_done(chores.draw(f"{self.alias}-{next(self._counter)}", self._dice))

    def have_done(self, wanted: tuple[Chore, ...]) -> None:
        """Have some chores done."""
        said = self.diary.change(p.ChatSend(project=self.alias, text=chores.message(wanted)))
        plan = ""
        while not plan:
            rows = self.diary.look(p.PlanList(project=self.alias, limit=3)).plans
            plan = next((row.plan.id for row in rows if row.plan.message == said.id), "")
        tasks = self.diary.look(p.PlanShow(plan=plan)).tasks
        self.wanted |= {row.task.id: chore for row, chore in zip(tasks, wanted, strict=True)}
        until = time.monotonic() + DONE_WITHIN
        while not self.gives_up and not all([self._is_settled(row) for row in tasks]):  # noqa: C419 - each is seen to
            assert time.monotonic() < until, [row.task for row in tasks]
            time.sleep(PAUSE)
            tasks = self.diary.look(p.PlanShow(plan=plan)).tasks

    def _is_settled(self, row: v.TaskRow) -> bool:
        """Tell whether a task is as far as it will come; do something about it where it is not."""
        task, chore = row.task, self.wanted[row.task.id]
        match task.state:
            case TaskState.COMPLETE:
                return True
            case TaskState.RUNNING if chore.unwanted and task.id not in self._thinks_again:
                self.diary.attempt(p.TaskCancel(task=task.id))
            case TaskState.CANCELLED if not chore.wanted_after_all:
                return True
            case TaskState.CANCELLED:
                self._thinks_again.add(task.id)
                self.diary.attempt(p.TaskRetry(task=task.id))
            case TaskState.ERROR if chore.fails and f"exit status {FAILURE}" in task.reason:
                return True
            case TaskState.ERROR:
                self.diary.attempt(p.TaskRetry(task=task.id))
            case TaskState.AWAITING_RESPONSE:
                self._answer()
            case TaskState.QUEUED:
                return row.waits.startswith("needs") and "CANCELLED" in row.waits
            case _:
                pass
        return False

    def _answer(self) -> None:
        for item in self.diary.look(p.Inbox(project=self.alias)).items:
            fruit = self._dice.choice(FRUIT)
            if item.kind == "question" and self.diary.attempt(
                p.Answer(question=item.id, text=fruit)
            ):
                self.answers[item.id] = fruit
