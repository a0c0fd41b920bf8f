"""A reporter that writes to a real event file, and what it wrote."""

from pathlib import Path

from pmrunnerd.model.progress import AnyProgress
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.rundir import EventWriter, RunDirectory


class Book:
    """One run's event file, written and read."""

    def __init__(self, path: Path) -> None:
        self.directory = RunDirectory(path)
        path.mkdir(parents=True)
        self._writer = EventWriter(self.directory)
        self.report = Reporter(self._writer, Clock())

    def read(self) -> list[AnyProgress]:
        self._writer.close()
        return [progress for _, progress in self.directory.read(0, 1000)]
