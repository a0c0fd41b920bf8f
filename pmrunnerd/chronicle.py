"""Says every durable fact as one line of the log, a moment after it became durable.

It follows the durable mark as any other follower does, so the journal is its queue. It names things
and says what became of them; what people and agents said is private, and stays in the journal.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.gates import Verdict
from pmrunnerd.model.state import State
from pmrunnerd.model.views import UNCONFINED
from pmrunnerd.outlet import Outlet
from pmrunnerd.services.logfmt import event
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# Commits that are read at once; and how far behind it may fall before it skips to the end.
PAGE: Final = 64
MOST_BEHIND: Final = 512
# Seconds between two pages. Under load many commits share one reading and one writing, and with PAGE
# it is what all this may cost: so many lines a second, and not a tenth of a busy daemon's time.
BREATH: Final = 0.05
LONGEST: Final = 160

# What is told of a fact, and how it is spelled; everything else is left out. A commit of git is
# `git`, because `commit` is that of the journal.
TOLD: Final[Mapping[str, str]] = {
    "message": "message",
    "plan": "plan",
    "instead_of": "instead_of",
    "task": "task",
    "run": "run",
    "gate_run": "gate_run",
    "gate": "gate",
    "digest": "digest",
    "question": "question",
    "agent": "agent",
    "attempt": "attempt",
    "outcome": "outcome",
    "status": "status",
    "head": "head",
    "commit": "git",
    "kept": "kept",
    "ref": "ref",
    "files": "files",
    "size": "bytes",
    "confined": "confined",
    "parked": "parked",
    "path": "path",
    "release": "release",
    "promotion": "promotion",
    "deed": "deed",
    "step": "step",
    "pid": "pid",
    "kind": "kind",
    "until": "until",
    "expires": "expires",
    "target": "target",
    "by": "by",
}
# In these a person's or an agent's own words may be part of the reason.
_REASON_IS_PRIVATE: Final = (ev.PlanRejected, ev.PlanRefused)
# The last words of an agent stand behind a colon.
_REASON_QUOTES: Final = (
    ev.RunEnded,
    ev.TaskFailed,
    ev.TaskInterrupted,
    ev.TaskLimited,
    ev.AgentLimited,
)

_WARNINGS: Final = (
    *(ev.AgentLimited, ev.AgentExpiring, ev.BackupFailed, ev.NotificationFailed),
    *(ev.GateRunRefused, ev.GateRunInterrupted),
    *(ev.PromotionReturning, ev.PromotionReturned, ev.PromotionRefused, ev.PromotionFailed),
    *(ev.TaskFailed, ev.TaskSentBack, ev.TaskHeld, ev.PlanFailed, ev.PlanRefused),
)
_BAD_ENDS: Final = frozenset({Outcome.FAILED, Outcome.TIMED_OUT, Outcome.STALLED, Outcome.HELD})


class Chronicle:
    """Tells what happens from here on. Whatever goes wrong with it costs lines and nothing else."""

    def __init__(self, store: Store, outlet: Outlet) -> None:
        self._store = store
        self._outlet = outlet
        self._told = store.durable

    async def run(self) -> None:
        """Tell until cancelled, and then what is left."""
        try:
            while True:
                await self._store.changed(self._told)
                # While nobody reads what we said, nothing more is read for them.
                await self._outlet.written()
                self._tell()
                await asyncio.sleep(BREATH)
        except StoreFailed:
            return  # the store dies of it, and is heard
        finally:
            self.catch_up()

    def catch_up(self) -> None:
        """Tell here and now what is durable and was not told, so that what is said next comes after."""
        while self._told < self._store.durable:
            self._tell()

    def _tell(self) -> None:
        since, mark = self._told, self._store.durable
        self._told = mark
        try:
            if mark - since > MOST_BEHIND:
                self._say(_skipped(mark - since, since))
                return
            page = self._store.read(since, PAGE)
            if page:
                self._say(*(one for batch in page for one in records(self._store.state, batch)))
                self._told = page[-1].seq
        except OSError as exc:
            log.warning("cannot tell what happened after commit %d: %s", since, exc.strerror)
        except Exception:
            log.exception("cannot tell what happened after commit %d", since)

    def _say(self, *events: logging.LogRecord) -> None:
        self._outlet.tell(*events)


def records(state: State, batch: Batch) -> Iterator[logging.LogRecord]:
    """Yield one record for each fact of a commit."""
    at = datetime.fromisoformat(batch.at).timestamp()
    for fact in batch.facts:
        name = str(fact.__struct_config__.tag)
        yield event(name, _level(fact), {"commit": batch.seq, **fields(state, fact)}, at)
    for unknown in batch.unknown:
        yield event(unknown.fact, logging.INFO, {"commit": batch.seq, "known": False}, at)


def fields(state: State, fact: ev.AnyEvent) -> dict[str, Any]:
    """Return what may be told of a fact: identifiers, names and outcomes."""
    said: dict[str, Any] = {}
    if (identifier := getattr(fact, "project", "")) != "":
        project = state.projects.get(identifier)
        said["project"] = project.alias if project else identifier
    if (task := _task(state, fact)) is not None:
        said["task"] = task
    for field, spelled in TOLD.items():
        value = getattr(fact, field, None)
        if value not in (None, "", UNSET):
            said[spelled] = _clip(value) if isinstance(value, str) else value
    said |= _of_a_gate(fact)
    match fact:
        case (
            ev.PlanDrafted(tasks=tasks) | ev.PlanProposed(tasks=tasks) | ev.PlanEdited(tasks=tasks)
        ):
            said["tasks"] = len(tasks)
        case ev.RunBegan(confined=False):
            said["confinement"] = UNCONFINED
        case ev.TaskAsked(questions=questions):
            said["questions"] = tuple(asked.question for asked in questions)
        case ev.ProjectChanged():
            given = msgspec.structs.asdict(fact).items()
            names = (name for name, value in given if value is not UNSET)
            said["changed"] = tuple(name for name in names if name not in ("project", "by"))
        case _:
            pass
    reason = getattr(fact, "reason", "")
    if reason and not isinstance(fact, _REASON_IS_PRIVATE):
        words = reason.partition(": ")[0] if isinstance(fact, _REASON_QUOTES) else reason
        said["reason"] = _clip(words)
    return said


def _of_a_gate(fact: ev.AnyEvent) -> dict[str, str]:
    """Return which gate came to what; why is in its author's words."""
    match fact:
        case ev.GateEnded() | ev.GateAttested():
            found = fact.result
        case _:
            return {}
    return {"gate": found.gate, "verdict": str(found.verdict)}


def _task(state: State, fact: ev.AnyEvent) -> str | tuple[str, ...] | None:
    """Return the tasks that a fact is about and does not name as such: their story has it, too."""
    match fact:
        case ev.PlanDrafted(tasks=tasks) | ev.PlanEdited(tasks=tasks):
            return tuple(planned.task for planned in tasks) or None
        case ev.PlanBegun(planner=ev.PlannedTask(task=task)):
            return task
        case _ if hasattr(fact, "task"):
            return None
        case ev.QuestionAnswered(question=name) if state.questions.is_alive(name):
            return state.questions[name].task
        case _ if state.runs.is_alive(name := getattr(fact, "run", "")):
            return state.runs[name].task
    return None  # what was put away would have to be read, and its story is over


def _level(fact: ev.AnyEvent) -> int:
    match fact:
        case ev.RunEnded(outcome=outcome):
            bad = outcome in _BAD_ENDS
        case ev.TaskInterrupted(parked=parked):
            bad = not parked
        case ev.RunBegan(confined=confined):
            bad = confined is False
        case ev.GateEnded(result=result):
            bad = result.verdict is not Verdict.PASSED
        case _:
            bad = isinstance(fact, _WARNINGS)
    return logging.WARNING if bad else logging.INFO


def _skipped(count: int, since: int) -> logging.LogRecord:
    hint = f"pmrunnerctl events --since {since}"
    return event("skipped", logging.WARNING, {"count": count, "hint": hint})


def _clip(text: str) -> str:
    first = text.partition("\n")[0]
    whole = len(text) <= LONGEST and first == text
    return text if whole else first[: LONGEST - 1] + "…"
