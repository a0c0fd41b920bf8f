"""How an agent's program is started: its words, its environment, and what it may reach."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.spec import Means
from pmrunnerd.services import acpprogram, process
from pmrunnerd.services.agents import kept, pm_ask
from pmrunnerd.services.agents.protocol import Job
from pmrunnerd.services.cell import Reach
from pmrunnerd.services.sandbox import SESSION

_ENVIRONMENT: Final = {
    # What it knows of itself and of its sessions is there in later runs.
    "HOME": SESSION,
    "PATH": process.PATH,
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


class Launch(Struct, frozen=True):
    """All that a program is started with."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    reach: Reach


def launch(job: Job) -> Launch:
    """Return how to start the program for a job. Raises Refused where it cannot be."""
    if not job.cell.confined:
        raise Refused("cannot start the agent: it works in a sandbox alone")
    means = job.spec.means
    first, *others = acpprogram.words(means.cli)
    shown = acpprogram.paths(means.shown)
    _check(shown, job.directory.parent.parent)
    return Launch(
        argv=(str(acpprogram.program(first, shown)), *others),
        environment=environment(means, job.environment),
        reach=Reach(
            network=True,
            shown=shown,
            kept=job.directory / kept.NAME,
            talks=True,
            nests=True,
        ),
    )


def environment(means: Means, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the program, which what it runs gets as well.

    `given` are those of every command of the run.
    """
    ours = {name: value for name, value in given.items() if name != pm_ask.VARIABLE}
    return {**ours, **means.environment, **_ENVIRONMENT}


def _check(shown: Sequence[Path], runs: Path) -> None:
    """Refuse to show what no agent may see: the runs of all, and the state that they lie in."""
    state = (runs.parent if runs.name == "runs" else runs).resolve()
    for path in shown:
        if state.is_relative_to(path.resolve()) or path.resolve().is_relative_to(state):
            raise Refused(
                f"cannot start the agent: {path} shows the runner's state (agent.acp.shown)",
                hint="name the directories of the program alone",
            )
