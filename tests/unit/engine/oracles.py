"""An agent that plans, and run hosts that play it: each says all it has to say, and is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pmrunnerd.engine.planner import Planner
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, TaskKind
from pmrunnerd.model.progress import (
    AnyProgress,
    Committed,
    Concluded,
    Finished,
    Proposed,
    ProposedTask,
)
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.spec import Spec
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.registry import AGENTS
from pmrunnerd.services.rundir import RunDirectory
from tests.unit.engine.engines import an_engine
from tests.unit.engine.puppets import BEGAN, Puppets, Stage, finished
from tests.unit.store.parts import AT, running

Lines = Sequence[AnyProgress]
Script = Callable[[Spec], Lines]


class Oracle:
    """An agent that plans; its runs are played by `Actors`."""

    name = "oracle"
    replays = False
    plans = True
    needs_login = False

    async def work(self, job: Job, report: Report) -> Verdict:
        """Work in a run host, of which there is none here."""
        raise NotImplementedError(job.spec.run, report)


KNOWN: Final = {**AGENTS, "oracle": Oracle()}


class Actors(Puppets):
    """Run hosts that say what the script has for their spec. `played` are the specs, in order."""

    def __init__(self, directory: Path, script: Script) -> None:
        super().__init__(directory)
        self._script = script
        self.played: list[Spec] = []

    async def start(self, run: str) -> None:
        spec = RunDirectory(self.directory / run).read_spec()
        self.played.append(spec)
        said = self._script(spec)
        self.say(run, BEGAN, *said)
        if not any(isinstance(one, Finished) for one in said):
            self.say(run, finished())


def a_proposal(*needs: tuple[str, tuple[str, ...]], title: str = "All of it") -> Proposed:
    tasks = tuple(ProposedTask(name=name, text=f"do {name}", needs=n) for name, n in needs)
    return Proposed(at=AT, title=title, tasks=tasks)


TWO: Final = a_proposal(("a", ()), ("b", ("a",)))


def done(spec: Spec) -> Lines:
    """Say what a run of work says that did all of it."""
    commit = Committed(at=AT, commit=f"commit of {spec.title}", subject="x", files=1)
    return [Concluded(at=AT, text=f"{spec.title} is done"), commit]


def diligent(spec: Spec) -> Lines:
    """Plan two tasks, and do what there is to do."""
    return [TWO] if spec.kind is TaskKind.PLANNING else done(spec)


def failing(reason: str) -> Lines:
    return [finished(Outcome.FAILED, reason)]


@asynccontextmanager
async def at_work(
    directory: Path, script: Script, settings: Settings | None = None
) -> AsyncIterator[tuple[Stage, Actors]]:
    """Have the loop turn over whatever is in a directory, with run hosts that play a script."""
    async with running(directory / "state") as store:
        actors = Actors(directory / "runs", script)
        stage = Stage(store, directory / "runs", settings or Settings(), actors)
        engine = an_engine(stage, planner=Planner(store, KNOWN))
        try:
            async with asyncio.TaskGroup() as group:
                turns = group.create_task(engine.run())
                yield stage, actors
                turns.cancel()
        finally:
            stage.watch.close()


def said(
    text: str = "do it", approval: PlanApproval = PlanApproval.AUTO
) -> tuple[ev.AnyEvent, ev.AnyEvent]:
    """Return the facts of a project whose agent plans, and of a message in it."""
    return (
        ev.ProjectAdded(
            project="w1",
            alias="demo",
            path="/srv/demo",
            agent="oracle",
            plan_approval=approval,
            bootstrap_prompt="be kind",
        ),
        ev.MessagePosted(message="m1", project="w1", text=text, by="anna"),
    )
