"""Runs of an agent of the Agent Client Protocol that does what a script says."""

import json
import shlex
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pmrunnerd.model.progress import AnyProgress, Asked, Told
from pmrunnerd.model.spec import Answered, Means
from pmrunnerd.services import mounts
from tests import fakes
from tests.integration.runhost.hosts import Hosts, every
from tests.unit.services.agents.parts import answered

FAKE = Path(fakes.__file__).parent / "acp_agent.py"
Turn = list[dict[str, Any]]


def scripted(directory: Path, *turns: Turn, **script: Any) -> tuple[str, str]:
    """Return the command of an agent that does so, and what a sandbox has to show for it."""
    directory.mkdir(exist_ok=True)
    path = directory / "script.json"
    path.write_text(json.dumps({"turns": turns, **script}))
    return shlex.join([str(mounts.python()), "-I", str(FAKE), str(path)]), f"{FAKE}:{directory}"


class Acps:
    """Runs of one task, each told what those before it came to."""

    def __init__(self, hosts: Hosts, *turns: Turn, rounds: int = 2, **script: Any) -> None:
        self.hosts = hosts
        command, shown = scripted(hosts.root / "script", *turns, **script)
        self.means = Means(cli=command, shown=shown, rounds=rounds)
        self.earlier: list[str] = []

    def start(self, text: str = "do it", **more: Any) -> str:
        told: dict[str, Any] = {"agent": "acp", "means": self.means}
        run = self.hosts.start(text, **(told | {"earlier": tuple(self.earlier)} | more))
        self.earlier.append(run)
        return run

    def run(self, text: str = "do it", **more: Any) -> list[AnyProgress]:
        return self.hosts.over(self.start(text, **more))

    def has_heard(self, run: str, method: str) -> bool:
        """Tell whether the agent was asked by a method in this run alone."""
        before = self.heard(self.earlier[-2]) if len(self.earlier) > 1 else []
        try:
            return method in self.heard(run)[len(before) :]
        except (FileNotFoundError, ValueError):  # it is not there yet, or half a line is
            return False

    def heard(self, run: str) -> list[str]:
        """Return the methods that the agent was asked by, in all runs up to this one."""
        path = self.hosts.directory(run).path / "agent/session/told.jsonl"
        said = map(json.loads, path.read_text().splitlines())
        return [one["method"] for one in said if "method" in one]


def answers(said: list[AnyProgress], run: str, *given: str) -> tuple[Answered, ...]:
    """Return answers to all that a run asked, in that order; they are news."""
    asked = every(said, Asked)
    assert len(asked) == len(given), said
    return tuple(answered(one, answer, run=run) for one, answer in zip(asked, given, strict=True))


def heard_of(known: tuple[Answered, ...], said: list[AnyProgress]) -> tuple[Answered, ...]:
    """Return answers as they are after a run that was given them."""
    return tuple(replace(one, news=False) for one in known) if every(said, Told) else known
