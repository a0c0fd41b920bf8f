"""The facts of a journal as they are written, held against the design's table of task states.

The table is written down here a second time, on purpose: the product's own cannot witness for itself.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

MOVES: Final = {
    "QUEUED": {"run-started": "RUNNING", "task-cancelled": "CANCELLED"},
    "RUNNING": {
        "task-completed": "COMPLETE",
        "task-failed": "ERROR",
        "task-cancelled": "CANCELLED",
        "task-asked": "AWAITING_RESPONSE",
        "task-interrupted": "QUEUED",
        "task-held": "QUEUED",
    },
    "AWAITING_RESPONSE": {"task-answered": "QUEUED", "task-cancelled": "CANCELLED"},
    "ERROR": {"task-retried": "QUEUED", "task-cancelled": "CANCELLED"},
    "CANCELLED": {"task-retried": "QUEUED"},
    "COMPLETE": {},
}
MOVING: Final = frozenset(fact for row in MOVES.values() for fact in row)


class Record:
    """Reads on where it stopped. Tasks and runs by name, and every breach that it came upon."""

    def __init__(self, state: Path) -> None:
        self.tasks: dict[str, str] = {}
        self.task_of: dict[str, str] = {}
        self.project_of: dict[str, str] = {}
        self.active: set[str] = set()
        self.ended: dict[str, str] = {}
        self.breaches: list[str] = []
        self.requests: Counter[str] = Counter()
        self._journal = state / "journal"
        self._read: dict[Path, int] = {}

    def read(self) -> None:
        """Take note of every whole line that is there by now."""
        for segment in sorted(self._journal.glob("*.jsonl")):
            with segment.open("rb") as file:
                file.seek(self._read.get(segment, 0))
                whole = file.read().rpartition(b"\n")[0]
            if whole:
                self._read[segment] = self._read.get(segment, 0) + len(whole) + 1
            for line in whole.splitlines():
                batch = json.loads(line)[1]
                if "request" in batch:
                    self.requests[batch["request"]] += 1
                for fact in batch["facts"]:
                    self._take(fact)

    def _take(self, fact: dict[str, Any]) -> None:
        kind = fact["fact"]
        if kind == "plan-drafted":
            self.tasks |= {task["task"]: "QUEUED" for task in fact["tasks"]}
        elif kind == "run-ended":
            self._expect(fact["run"] in self.active, f"{fact['run']} ended and was not active")
            self.active.discard(fact["run"])
            self.ended[fact["run"]] = fact["outcome"]
        elif kind == "run-started":
            self._start(fact["run"], fact["task"], fact["project"])
        if kind in MOVING:
            task, before = fact["task"], self.tasks[fact["task"]]
            self._expect(kind in MOVES[before], f"{kind} of {task}, which is {before}")
            self.tasks[task] = MOVES[before].get(kind, before)

    def _start(self, run: str, task: str, project: str) -> None:
        self._expect(run not in self.task_of, f"{run} was started twice")
        for other in self.active:
            self._expect(self.project_of[other] != project, f"{run} and {other} are active at once")
        self.active.add(run)
        self.task_of[run], self.project_of[run] = task, project

    def _expect(self, holds: bool, breach: str) -> None:
        if not holds:
            self.breaches.append(breach)
