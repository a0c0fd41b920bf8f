"""Runs of Claude Code against a scripted model."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pmrunnerd.model.progress import Answered, AnyProgress, Asked, Means
from tests.fakes.model import Model, Step
from tests.integration.runhost.hosts import Hosts, every


class Claudes:
    """Runs of one task, each told what those before it came to."""

    def __init__(self, hosts: Hosts, model: Model, **means: Any) -> None:
        self.hosts = hosts
        self.session = str(uuid.uuid4())
        self.means = Means(environment={"ANTHROPIC_BASE_URL": model.url}, **means)
        self.earlier: list[str] = []

    def start(self, text: str = "do it", **more: Any) -> str:
        told: dict[str, Any] = {"agent": "claude", "session": self.session, "means": self.means}
        run = self.hosts.start(text, **told, earlier=tuple(self.earlier), **more)
        self.earlier.append(run)
        return run

    def run(self, text: str = "do it", **more: Any) -> list[AnyProgress]:
        return self.hosts.over(self.start(text, **more))


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
    return tuple(
        Answered(question=one.text, options=one.options, answer=answer, kind=one.kind, run=run)
        for one, answer in zip(asked, given, strict=True)
    )
