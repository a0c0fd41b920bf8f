"""Real run hosts on real workspaces, started the way the daemon starts them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pmrunnerd.model.progress import AnyProgress, Finished, Output
from pmrunnerd.services.host.detached import Detached
from pmrunnerd.services.rundir import RunDirectory
from tests.unit.services.parts import PATIENCE, POWERLESS, RUN, eventually, repository, spec

P = TypeVar("P", bound=AnyProgress)


class Hosts:
    """A state directory and a workspace; `with` leaves no run host behind."""

    def __init__(self, root: Path, *, path: str | None = None) -> None:
        self.root = root
        self.workspace = root / "workspace"
        if not self.workspace.exists():
            repository(self.workspace)
        self.runs = root / "state/runs"
        self.host = Detached(self.runs, path=path)
        self._names = (f"r{number}-{os.getpid():08x}" for number in range(1, 100))
        self._started: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for run in self._started:
            asyncio.run(self.host.stop(run, grace=5))

    def start(self, text: str, *, workspace: Path | None = None, **more: object) -> str:
        run = next(self._names)
        told = {"run": run, "trailers": (("PM-Runner-Run", run),)} | more
        self.directory(run).write_spec(spec(workspace or self.workspace, text, **told))
        self._started.append(run)
        asyncio.run(self.host.start(run))
        return run

    def run(self, text: str, *, workspace: Path | None = None, **more: object) -> list[AnyProgress]:
        """Start a run and return everything that it said, once it is over."""
        run = self.start(text, workspace=workspace, **more)
        return self.over(run)

    def over(self, run: str) -> list[AnyProgress]:
        eventually(lambda: not self.host.alive(run))
        return self.said(run)

    def said(self, run: str) -> list[AnyProgress]:
        return [progress for _, progress in everything(self.directory(run))]

    def directory(self, run: str) -> RunDirectory:
        return RunDirectory(self.runs / run)

    def pid(self, run: str) -> int:
        path = self.directory(run).lock
        eventually(lambda: path.read_text().endswith("\n"))
        return int(path.read_text())

    def until(self, run: str, text: str) -> None:
        """Return when a run has printed something."""
        deadline = time.monotonic() + PATIENCE
        while text not in printed(self.said(run)):
            assert self.host.alive(run), self.said(run)
            assert time.monotonic() < deadline, self.said(run)
            time.sleep(0.005)

    def stop(self, run: str) -> None:
        """Tell a run host to stop, and give it the time that a busy machine needs."""
        asyncio.run(self.host.stop(run, grace=2 * PATIENCE))

    def kill(self, run: str) -> None:
        os.kill(self.pid(run), signal.SIGKILL)
        eventually(lambda: not self.host.alive(run))


def everything(directory: RunDirectory) -> list[tuple[int, AnyProgress]]:
    """Return all that a run has reported, however many pages that takes."""
    found = list[tuple[int, AnyProgress]]()
    while page := directory.read(found[-1][0] if found else 0, 1000):
        found += page
    return found


def powerless(root: Path, text: str) -> list[AnyProgress]:
    """Run a script by a run host with the rights of an ordinary user, in `root`/workspace."""
    directory = RunDirectory(root / "state/runs" / RUN)
    directory.write_spec(spec(root / "workspace", text))
    argv = [*POWERLESS, sys.executable, "-m", "pmrunnerd.runhost", str(directory.path)]
    done = subprocess.run(argv, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return [progress for _, progress in everything(directory)]


def printed(said: list[AnyProgress], stream: str = "stdout") -> str:
    return "".join(p.text for p in said if isinstance(p, Output) and p.stream == stream)


def end(said: list[AnyProgress]) -> Finished:
    """Return the last word, which is the last."""
    assert said, "it said nothing"
    assert isinstance(said[-1], Finished), said
    return said[-1]


def every(said: list[AnyProgress], kind: type[P]) -> list[P]:
    return [progress for progress in said if isinstance(progress, kind)]
