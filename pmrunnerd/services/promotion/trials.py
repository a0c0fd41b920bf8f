"""The trial of a release: read here, and changed by the package's launcher alone, which no release can take the place of."""

import sys
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.promotion import RECORDS
from pmrunnerd.rules.promotion.course import Runs
from pmrunnerd.rules.promotion.course import Trial as State
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, Outcome, why

TRIAL: Final = "trial.json"
_TOTAL: Final = 60.0
_SAYS: Final = 1 << 16


class Trial(Struct, frozen=True, kw_only=True):
    """The latest trial of an environment, as the launcher writes it."""

    id: str
    state: str
    candidate: str
    previous: str
    left: int = 0
    why: str = ""

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN

    def of(self, name: str) -> State:
        """Return what became of the trial of a promotion; none where it is of another one."""
        return State(self.state) if self.id == name else State.NONE

    def runs(self, dist: str) -> Runs:
        """Return which of both a release is."""
        return {self.candidate: Runs.CANDIDATE, self.previous: Runs.PREVIOUS}.get(dist, Runs.OTHER)


def read(root: Path, environment: str) -> Trial | None:
    """Return the latest trial; None where there is none, or one that cannot be read, which is none to the launcher either."""
    try:
        found = msgspec.json.decode((root / RECORDS / environment / TRIAL).read_bytes(), type=Trial)
        State(found.state)
    except (OSError, ValueError):
        return None
    return found


class Launcher:
    """What the package does about a trial, each in a process of its own that holds the lock for milliseconds."""

    def __init__(self, program: Path, root: Path, environment: str) -> None:
        # Elsewhere releases are built for the Python that runs us, and not for the machine's.
        here = (sys.executable, "-IBS", str(program), "--root", str(root))
        self._words = (str(program),) if root == Path("/") else here
        self._environment = environment

    async def begin(self, name: str, candidate: str) -> str:
        """Put a release on trial, and have `dist` point to it; return why that did not come about."""
        return _why(await self._launch("trial", self._environment, name, candidate))

    async def confirm(self, name: str) -> str:
        """End a trial well; return why it did not."""
        return _why(await self._launch("confirm", self._environment, name))

    async def take_back(self, name: str, reason: str) -> str:
        """Return from a release on trial; return why that was not possible."""
        return _why(await self._launch("return", self._environment, name, reason))

    async def _launch(self, *words: str) -> Outcome:
        return await process.run(
            [*self._words, *words],
            cwd=Path("/"),
            env={"PATH": process.PATH, "LANG": "C.UTF-8"},
            total=_TOTAL,
            limit=_SAYS,
        )


def _why(outcome: Outcome) -> str:
    return "" if isinstance(outcome, Exited) and outcome.status == 0 else why(outcome)
