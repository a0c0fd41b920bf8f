"""A reporter that writes to a real event file, and what it wrote."""

from pathlib import Path

from pmrunnerd.model.progress import AnyProgress
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.rundir import EventWriter, RunDirectory


class Ordered(EventWriter):
    """Remembers in which order things were written, and when all before was made durable."""

    def __init__(self, directory: RunDirectory) -> None:
        super().__init__(directory)
        self.order: list[type[AnyProgress] | None] = []

    def write(self, progress: AnyProgress) -> None:
        self.order.append(type(progress))
        super().write(progress)

    def sync(self) -> None:
        self.order.append(None)
        super().sync()


class Book:
    """One run's event file, written and read."""

    def __init__(self, path: Path) -> None:
        self.directory = RunDirectory(path)
        path.mkdir(parents=True)
        self._writer = Ordered(self.directory)
        self.report = Reporter(self._writer, Clock())

    @property
    def order(self) -> list[type[AnyProgress] | None]:
        """What was written, and None where all before it was made durable."""
        return self._writer.order

    def read(self) -> list[AnyProgress]:
        self._writer.close()
        return [progress for _, progress in self.directory.read(0, 1000)]
