"""What Claude Code has to give back at the end: its schemas, and what is made of an answer. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Purpose, TaskKind
from pmrunnerd.model.progress import Proposed, ProposedTask
from pmrunnerd.services.agents.review import Result

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _said(description: str, kind: Mapping[str, Any] = _TEXT) -> dict[str, Any]:
    return {**kind, "description": description}


_TASK: Final = _object(
    ("name", "title", "instructions"),
    name=_said(
        "A short name, unique in the plan: lower case, digits, dashes; at most 64 characters."
    ),
    title=_said("What it does, as the subject of a commit: at most 72 characters."),
    instructions=_said(
        "All that whoever does it has to know; they see this and the plan only. At most 256 KiB."
    ),
    kind=_said(
        "What it changes; research may change nothing, and its result is what it found out.",
        {"type": "string", "enum": [str(one) for one in Purpose]},
    ),
    needs=_said("Names of tasks whose result it builds on.", _TEXTS),
    files=_said(
        "Paths that it will change or create, below the workspace; at most 200, may be empty.",
        _TEXTS,
    ),
    risk=_said(
        "What could go wrong, in one sentence; empty where nothing much can. At most 4096 characters."
    ),
)
_PLAN: Final = _object(
    ("title", "tasks"),
    title=_said("What the plan is about: at most 72 characters."),
    tasks={
        "type": "array",
        "items": _TASK,
        "minItems": 1,
        "description": "At most 200, and of 1 MiB in all.",
    },
)
_RESULT: Final = _object(
    ("summary", "files"),
    summary=_said(
        "What was done and how it was checked, for whoever goes on with it; at most 64 KiB."
    ),
    files=_said(
        "Paths below the workspace that you created or changed, and that are there.", _TEXTS
    ),
)


LONGEST: Final = 2 << 20
"""Bytes of a plan that the rules look at; one that is longer fits into no report."""


def size(given: Any) -> int:
    """Return how many bytes there are in what was given back."""
    return len(msgspec.json.encode(given))


def schema(kind: TaskKind) -> dict[str, Any]:
    """Return what the end of a run has to be, as the CLI enforces it."""
    return {"type": "json_schema", "schema": _PLAN if kind is TaskKind.PLANNING else _RESULT}


class _Task(Struct, frozen=True):
    name: str
    title: str
    instructions: str
    kind: Purpose | None = None
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    risk: str = ""


class _Plan(Struct, frozen=True):
    title: str
    tasks: tuple[_Task, ...]


def result(given: Any) -> Result | None:
    """Read a worker's result; None where there is none, or no words in it."""
    try:
        found = msgspec.convert(given, Result)
    except msgspec.ValidationError:
        return None
    found = replace(found, summary=brief.cut(found.summary, brief.RESULT))
    return found if found.summary.strip() else None


def plan(given: Any) -> Proposed | None:
    """Read a planner's plan; None where there is none. The rules look at it later."""
    try:
        found = msgspec.convert(given, _Plan)
    except msgspec.ValidationError:
        return None
    tasks = tuple(
        ProposedTask(
            name=task.name,
            text=task.instructions,
            title=task.title,
            needs=task.needs,
            files=task.files,
            risk=task.risk,
            purpose=task.kind,
        )
        for task in found.tasks
    )
    return Proposed(at="", title=found.title, tasks=tasks)
