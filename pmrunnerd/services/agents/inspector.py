"""Looks at what an agent did, in the run's own cell."""

from collections.abc import Set
from posixpath import relpath
from typing import Final

from msgspec.structs import replace

from pmrunnerd.services.agents import review
from pmrunnerd.services.agents.protocol import Job
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.changes import changes
from pmrunnerd.services.git import Git, failure
from pmrunnerd.services.outcome import Exited

_CLAIMS: Final = 200  # of the files that it names, so many are looked for
_THERE: Final = 'for path; do [ -e "./$path" ] && printf "%s\\0" "$path"; done; true'


class Inspector:
    """Compares what a job came to with what is said of it, and with where it began."""

    def __init__(self, job: Job) -> None:
        self._git = Git(job.cell, job.spec.run)
        self._head = job.head
        self._workspace = job.spec.workspace
        self._expected = review.expected(job.spec.files, job.spec.purpose)

    async def look(self, result: Result) -> tuple[str, ...]:
        """Return what is wrong with the work. Raises GitFailed."""
        result = replace(result, files=result.files[:_CLAIMS])
        claimed = {path: self._below(path) for path in result.files if review.is_path(path)}
        there = await self._there(set(claimed.values()))
        changed = await changes(self._git, self._head)
        found = {path for path, below in claimed.items() if below in there}
        return review.findings(result, changed, found, self._expected)

    async def _there(self, paths: Set[str]) -> Set[str]:
        """Return those of some paths that are there. Raises GitFailed."""
        outcome = await self._git.program(("sh", "-c", _THERE, "sh", *paths))
        if not isinstance(outcome, Exited):
            raise failure("look for the files that it names", outcome)
        return set(outcome.out.decode(errors="backslashreplace").split("\0")[:-1])

    def _below(self, path: str) -> str:
        return relpath(path, self._workspace) if path.startswith("/") else path
