"""Asks the service manager for one unit, by its exact name and nothing else, through `systemctl`.

A question costs 5 ms, less than any library for its bus costs to import. Whoever asks has no
terminal, so nobody is ever asked for a password: what is not allowed is refused.
"""

from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, Outcome

_LIMIT: Final = 64 * 1024
# Seconds that the manager may take to take note of a thing, which is a matter of milliseconds.
_SOON: Final = 10.0
_DENIED: Final = ("access denied", "authentication required")
_RULE: Final = "/usr/share/polkit-1/rules.d/50-pm-runner.rules"
_GONE: Final = frozenset({"inactive", "failed"})


class Unit(Struct, frozen=True, kw_only=True):
    """What the manager says of a unit: its `ActiveState`, and whether a job of it waits or runs.

    `pid` is its main process, 0 where there is none; `said` is what it last said of itself to the manager.
    """

    state: str
    has_job: bool = False
    pid: int = 0
    said: str = ""

    @property
    def is_there(self) -> bool:
        """Whether something of it runs, or is about to."""
        return self.has_job or self.state not in _GONE


class Systemctl:
    """Speaks to the manager that the machine has; `path` is where its client is looked for.

    Each method raises Unavailable where it cannot be asked, or says no; TimeoutError where it does
    not answer.
    """

    def __init__(self, path: str = process.PATH) -> None:
        self._environment = {"PATH": path, "LANG": "C.UTF-8"}

    async def start(self, unit: str) -> None:
        """Have a unit started; returns once that is as good as begun."""
        await self._do("start", "--no-block", unit, total=_SOON)

    async def stop(self, unit: str, total: float) -> None:
        """Stop a unit and return when it is gone, which may take `total` seconds."""
        await self._do("stop", unit, total=total)

    async def reset_failed(self, unit: str) -> None:
        """Have the manager forget that a unit failed."""
        await self._do("reset-failed", unit, total=_SOON)

    def show(self, unit: str) -> Unit:
        """Return what a unit does now. Not awaited: who asks decides by it in the same breath."""
        argv = self._argv("show", "--property=ActiveState,Job,MainPID,StatusText", unit)
        said = self._printed(process.ask(argv, env=self._environment, total=_SOON), "look at", unit)
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return Unit(
            state=found.get("ActiveState", "inactive"),
            has_job=found.get("Job", "") not in {"", "0"},
            pid=int(found.get("MainPID", "0")),
            said=found.get("StatusText", ""),
        )

    async def _do(self, *words: str, total: float) -> None:
        outcome = await process.run(
            self._argv(*words), cwd=Path("/"), env=self._environment, total=total, limit=_LIMIT
        )
        self._printed(outcome, words[0], words[-1])

    def _argv(self, *words: str) -> tuple[str, ...]:
        return ("systemctl", "--no-ask-password", "--no-pager", *words)

    def _printed(self, outcome: Outcome, verb: str, unit: str) -> str:
        match outcome:
            case Exited(status=0, out=out):
                return out.decode(errors="replace")
            case Exited(status=status, err=err):
                said = " ".join(err.decode(errors="replace").split())
                raise _refusal(verb, unit, said or f"systemctl ended with status {status}")
        raise TimeoutError(f"cannot {verb} {unit}: the service manager does not answer")


def _refusal(verb: str, unit: str, said: str) -> PmError:
    hint = f"systemctl status {unit}"
    if any(word in said.lower() for word in _DENIED):
        hint = f"ls -l {_RULE}   it lets a daemon have its own runs"
    elif said.startswith("cannot start"):
        hint = "pmrunnerd --host detached   where there is no systemd"
    return Unavailable(f"cannot {verb} {unit}: {said}", hint=hint)
