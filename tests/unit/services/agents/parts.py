"""Jobs for agents to work on, and somebody who listens."""

import asyncio
from pathlib import Path
from typing import Any

from pmrunnerd.model.progress import AnyProgress, Asked
from pmrunnerd.model.spec import Answered, Limits, Spec
from pmrunnerd.services.agents import asking, pm_ask
from pmrunnerd.services.agents.protocol import Job, Verdict
from pmrunnerd.services.agents.shell import Shell
from pmrunnerd.services.child import Usage
from tests.unit.services.parts import ENVIRONMENT, agent_directory, spec, unconfined


class Heard:
    """Takes reports, and can be a disk that is full."""

    def __init__(self, full_after: int = 1_000_000) -> None:
        self.said: list[tuple[str, str]] = []
        self.questions: list[tuple[str, tuple[str, ...]]] = []
        self.told: list[AnyProgress] = []
        self.usage: Usage | None = None
        self._room = full_after

    def output(self, stream: str, text: str) -> None:
        if self._room <= 0:
            raise OSError(28, "No space left on device")
        self._room -= 1
        self.said.append((stream, text))

    def tell(self, progress: AnyProgress) -> None:
        self.told.append(progress)

    def asked(self, text: str, options: tuple[str, ...]) -> None:
        self.questions.append((text, options))

    def used(self, usage: Usage) -> None:
        self.usage = usage

    def text(self, stream: str = "stdout") -> str:
        return "".join(text for name, text in self.said if name == stream)


def session_spec(**more: Any) -> Spec:
    """Return a spec of a run that has a session."""
    given: dict[str, Any] = {
        "environment": "dev",
        "run": "r2-aa",
        "task": "t1",
        "project": "site",
        "agent": "claude",
        "title": "do it",
        "text": "Do it.",
        "workspace": "/srv/project",
        "session": "11111111-2222-4333-8444-555555555555",
        "limits": Limits(total=300, silence=300),
    }
    return Spec(**(given | more))


def job(tmp_path: Path, text: str, **more: object) -> Job:
    """Return a job in a plain directory that nothing confines."""
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    directory = tmp_path / "agent" if (tmp_path / "agent").exists() else agent_directory(tmp_path)
    cell = unconfined(workspace, directory)
    path = f"{cell.inside(asking.PROGRAMS)}:{ENVIRONMENT['PATH']}"
    environment = ENVIRONMENT | {"PATH": path, pm_ask.VARIABLE: cell.inside(asking.SOCKET)}
    told = spec(workspace, text, **({"limits": Limits(total=300, silence=300)} | more))
    return Job(spec=told, cell=cell, directory=directory, environment=environment)


def work(tmp_path: Path, text: str, **more: object) -> tuple[Verdict, Heard]:
    """Let the shell agent do a job to its end."""
    heard = Heard()
    return asyncio.run(Shell().work(job(tmp_path, text, **more), heard)), heard


def answered(asked: Asked, answer: str, *, run: str = "r1", news: bool = True) -> Answered:
    """Return what a person answered to what was asked, as the next run is told of it."""
    return Answered(
        question=asked.text,
        options=asked.options,
        answer=answer,
        kind=asked.kind,
        run=run,
        news=news,
        about=asked.about,
        key=asked.key,
    )
