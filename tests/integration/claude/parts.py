"""Runs of Claude Code against a scripted model."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from pmrunnerd.model.logins import Login
from pmrunnerd.model.progress import AnyProgress, Asked
from pmrunnerd.model.spec import Answered, Means
from pmrunnerd.services import credentials
from tests.fakes.model import Model, Step
from tests.integration.runhost.hosts import Hosts, every
from tests.unit.services.agents.parts import answered

KEY = "sk-ant-api03-none"


class Claudes:
    """Runs of one task, each told what those before it came to."""

    def __init__(self, hosts: Hosts, model: Model, **means: Any) -> None:
        self.hosts = hosts
        self.session = str(uuid.uuid4())
        self.means = Means(environment={"ANTHROPIC_BASE_URL": model.url}, **means)
        self.earlier: list[str] = []
        log_in(hosts.runs.parent)

    def start(self, text: str = "do it", *, spent: float = 0.0, **more: Any) -> str:
        means = structs.replace(self.means, spent=spent)
        told: dict[str, Any] = {"agent": "claude", "session": self.session, "means": means}
        run = self.hosts.start(text, **told, earlier=tuple(self.earlier), **more)
        self.earlier.append(run)
        return run

    def run(self, text: str = "do it", **more: Any) -> list[AnyProgress]:
        return self.hosts.over(self.start(text, **more))


def log_in(state: Path, secret: str = KEY, kind: Login = Login.API_KEY) -> None:
    """Have a state directory know a login, as `pmrunnerctl agent login` makes it."""
    file = credentials.file(credentials.place(state), "claude")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(credentials.Stored(kind=kind, secret=secret)))


def result(summary: str = "It is done.", *files: str, **step: Any) -> Step:
    """Return the step with which a worker ends."""
    given: Mapping[str, Any] = {"summary": summary, "files": list(files)}
    return Step(tools=[("StructuredOutput", given)], **step)


def uses(tool: str, _text: str = "", **given: Any) -> Step:
    """Return the step that uses a tool."""
    return Step(text=_text, tools=[(tool, given)])


def written(path: Path | str, content: str) -> Step:
    """Return the step that writes a file."""
    return uses("Write", file_path=str(path), content=content)


def answers(said: list[AnyProgress], run: str, *given: str) -> tuple[Answered, ...]:
    """Return answers to all that a run asked, in that order."""
    asked = every(said, Asked)
    assert len(asked) == len(given), asked
    return tuple(answered(one, answer, run=run) for one, answer in zip(asked, given, strict=True))


def plan(title: str, tasks: list[dict[str, Any]], **step: Any) -> Step:
    """Return the step with which a planner ends."""
    return Step(tools=[("StructuredOutput", {"title": title, "tasks": tasks})], **step)


def question(text: str, *options: str, multiple: bool = False) -> dict[str, Any]:
    offered = [{"label": one, "description": f"take {one}"} for one in options]
    return {"question": text, "header": "Choice", "options": offered, "multiSelect": multiple}
