"""Looks at what an agent did, in the run's own cell."""

from posixpath import relpath
from typing import Final

from pmrunnerd.services.agents import review
from pmrunnerd.services.agents.protocol import Job
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.changes import changes
from pmrunnerd.services.git import Git
from pmrunnerd.services.outcome import Exited

_CLAIMS: Final = 100  # of the files that it names, so many are looked for


class Inspector:
    """Compares what a job came to with what is said of it, and with where it began."""

    def __init__(self, job: Job) -> None:
        self._git = Git(job.cell, job.spec.run)
        self._head = job.head
        self._workspace = job.spec.workspace
        self._promised = job.spec.files

    async def look(self, result: Result) -> tuple[str, ...]:
        """Return what is wrong with the work. Raises GitFailed."""
        claimed = {self._below(path): path for path in result.files[:_CLAIMS]}
        there = {path for below, path in claimed.items() if await self._is_there(below)}
        changed = await changes(self._git, self._head)
        return review.findings(result, changed, there, self._promised)

    async def _is_there(self, path: str) -> bool:
        outcome = await self._git.program(("test", "-e", f"./{path}"))
        return isinstance(outcome, Exited) and outcome.status == 0

    def _below(self, path: str) -> str:
        return relpath(path, self._workspace) if path.startswith("/") else path
