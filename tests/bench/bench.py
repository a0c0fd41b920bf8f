"""What all rows share: where they work, how long they may take, and the histories, made once."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench import lives
from tests.bench.living import Daemon

SIZES: Final = (100, 10_000, 100_000, 1_000_000)
QUICK: Final = (100, 2_000)
# What all starts of one row on one history may take, in seconds; a row says how many there were.
BUDGET: Final = 30.0
EVERYTHING: Final = (
    "pmrunnerd.main, pmrunnerd.house, pmrunnerd.api.routes, uvicorn, pmrunnerctl.status"
)


class Bench:
    """One run. Histories are for reading: a row that adds to them comes after those that read."""

    def __init__(
        self,
        directory: Path,
        *,
        quick: bool,
        sizes: tuple[int, ...] = (),
        note: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.directory = directory
        self.quick = quick
        self.sizes = sizes or (QUICK if quick else SIZES)
        self.note = note
        self.cold: dict[int, float] = {}
        self._warm: dict[int, float] = {}

    def times(self, whole: int, quick: int) -> int:
        """Return how often something is measured."""
        return quick if self.quick else whole

    def fresh(self, name: str) -> Path:
        """Return a directory that is empty."""
        path = self.directory / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        return path

    def history(self, messages: int) -> Path:
        """Return a state with a past, opened once already: what is timed is never the first open."""
        state = self.directory / f"h{messages}"
        if messages not in self.cold:
            began = time.perf_counter()
            commits = lives.write(state, messages)
            self.note(
                f"{messages:,} messages: {commits:,} commits in {time.perf_counter() - began:.1f} s"
            )
            with Daemon(state) as daemon:
                self.cold[messages] = daemon.ready()
            with Daemon(state) as daemon:
                self._warm[messages] = daemon.ready()
            self.note(
                f"{messages:,} messages: first start in {self.cold[messages]:.2f} s,"
                f" second in {self._warm[messages]:.2f} s"
            )
        return state

    def starts(self, messages: int, wanted: int) -> int:
        """Return how many starts on a history can be afforded."""
        self.history(messages)
        return min(wanted, max(1, int(BUDGET / self._warm[messages])))


@contextmanager
def working(
    *, quick: bool, sizes: tuple[int, ...] = (), beside: Path | None = None
) -> Iterator[Bench]:
    """Give a bench with a directory that goes away, in an environment as an installed one has it.

    With bytecode: without it each process would compile what it imports, and nobody installs that.
    """

    def note(text: str) -> None:
        sys.stderr.write(f"-- {text}\n")
        sys.stderr.flush()

    before = dict(os.environ)
    with TemporaryDirectory(prefix="pm-bench-", dir=beside) as name:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{name}/bytecode"
        try:
            # Compiled once, before anything is timed.
            subprocess.run([sys.executable, "-c", f"import {EVERYTHING}"], check=True)
            yield Bench(Path(name), quick=quick, sizes=sizes, note=note)
        finally:
            os.environ.clear()
            os.environ.update(before)
