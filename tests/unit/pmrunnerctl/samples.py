"""What a daemon could say: one of each, with what a test wants otherwise."""

from typing import Any

from pmrunnerd.model import entities as en
from pmrunnerd.model import views as v

AT = "2026-11-24T11:30:05.123Z"


def overview(**other: Any) -> v.Overview:
    known: dict[str, Any] = {
        "environment": "dev",
        "release": "1.2.3",
        "pid": 4242,
        "started_at": AT,
        "state_directory": "/srv/state",
        "durable": 120,
        "memory": 43 << 20,
        "doors": (v.Door(name="control", address="/srv/state/control.sock"),),
        "projects": (),
        "tasks": {},
        "runs": 0,
        "slots": 2,
        "questions": 0,
        "waiting": 0,
        "confinement": "bubblewrap",
    }
    return v.Overview(**known | other)


def project_row(**other: Any) -> v.ProjectRow:
    known: dict[str, Any] = {
        "id": "j1",
        "alias": "demo",
        "path": "/srv/demo",
        "project_type": "normal",
        "agent": "shell",
        "tasks": {en.TaskState.QUEUED: 2, en.TaskState.RUNNING: 1, en.TaskState.ERROR: 0},
        "questions": 1,
        "waiting": 1,
        "now": "running t1 build",
    }
    return v.ProjectRow(**known | other)


def entry(cursor: int, kind: str = "message", **other: Any) -> v.Entry:
    known: dict[str, Any] = {"at": AT, "author": "anna", "text": f"text {cursor}"}
    return v.Entry(cursor=cursor, kind=kind, **known | other)


def conversation(*entries: v.Entry, before: int | None = None) -> v.Conversation:
    return v.Conversation(project="j1", entries=entries, before=before)


def question(**other: Any) -> v.InboxItem:
    known: dict[str, Any] = {
        "kind": "question",
        "id": "q7",
        "project": "j1",
        "alias": "demo",
        "task": "t3",
        "text": "Which database?",
        "options": ("the first", "the second"),
        "at": AT,
        "command": "pmrunnerctl answer q7 TEXT",
    }
    return v.InboxItem(**known | other)


def plan(**other: Any) -> en.Plan:
    known: dict[str, Any] = {
        "id": "p3",
        "project": "j1",
        "message": "m1",
        "title": "Build it",
        "state": en.PlanState.ACTIVE,
        "tasks": ("t3",),
        "at": AT,
    }
    return en.Plan(**known | other)


def task(**other: Any) -> en.Task:
    known: dict[str, Any] = {
        "id": "t3",
        "project": "j1",
        "plan": "p3",
        "name": "build",
        "title": "Build it",
        "text": "make\nmake test",
        "state": en.TaskState.RUNNING,
        "at": AT,
    }
    return en.Task(**known | other)


def run(**other: Any) -> en.Run:
    known: dict[str, Any] = {
        "id": "r9-4f2a",
        "task": "t3",
        "project": "j1",
        "agent": "shell",
        "attempt": 1,
        "at": AT,
    }
    return en.Run(**known | other)


def ended(outcome: en.Outcome = en.Outcome.SUCCEEDED, **other: Any) -> en.Ended:
    return en.Ended(**{"outcome": outcome, "at": "2026-11-24T11:32:35.000Z"} | other)


def run_view(found: en.Run, **other: Any) -> v.RunView:
    known: dict[str, Any] = {
        "alias": "demo",
        "title": "Build it",
        "directory": "/srv/state/runs/r9-4f2a",
        "alive": False,
    }
    return v.RunView(run=found, **known | other)
