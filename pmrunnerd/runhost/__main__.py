"""`python -m pmrunnerd.runhost RUN_DIRECTORY [--lock-fd N]`: holds one run, or does one errand."""

import asyncio
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Final

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Finished
from pmrunnerd.runhost import telling
from pmrunnerd.runhost.host import RunHost
from pmrunnerd.runhost.report import Reporter
from pmrunnerd.services import broom, leftovers, lockfile, parcel
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.errands.paper import Paper
from pmrunnerd.services.rundir import EventWriter, RunDirectory
from pmrunnerd.services.tenancy import FULL

_USAGE: Final = "usage: python -m pmrunnerd.runhost RUN_DIRECTORY [--lock-fd N]\n"
_BAD_USAGE: Final = 64
_CANNOT_REPORT: Final = 74
_REFUSED: Final = 75


def main(words: list[str]) -> int:
    """Hold a run, or do an errand. Exit status 0 says that the last word was said, not how it ended."""
    match words:
        case [directory]:
            file = None
        case [directory, "--lock-fd", number] if number.isdigit():
            file = int(number)
        case _:
            sys.stderr.write(_USAGE)
            return _BAD_USAGE
    # A core of ours, or of what we start, would have logins in it, in somebody's workspace.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Files of the workspace are made with the modes that people expect; ours say theirs.
    os.umask(0o022)
    run = RunDirectory(Path(directory).absolute())
    telling.configure(run, os.environ)
    lock = _lock(run, file)
    if lock is None:
        sys.stderr.write(f"cannot hold run {run.run}: another run host does, or did\n")
        return _REFUSED
    paper = Paper(run.path)
    return _do(paper, lock) if paper.is_there() else _hold(run, lock)


def _do(paper: Paper, lock: int) -> int:
    """Do an errand; there is nobody else to whom it could be said that there is no answer."""
    from pmrunnerd.runhost.errand import do  # noqa: PLC0415 - a run needs none of what it imports

    leftovers.adopt_orphans()
    try:
        do(paper, lambda: lockfile.sign(lock))
    except OSError:
        logging.getLogger(__name__).exception("errand %s", paper.path.name)
        return _CANNOT_REPORT
    return 0


def _lock(run: RunDirectory, file: int | None) -> int | None:
    """Take the lock, or take it over; it is held until this process is dead."""
    try:
        if file is None:
            file = lockfile.take(run.lock)
        else:
            lockfile.adopt(file)
    except OSError as exc:
        sys.stderr.write(f"cannot lock run {run.run}: {exc}\n")
        return None
    return None if run.has_begun() else file


def _hold(run: RunDirectory, lock: int) -> int:
    leftovers.adopt_orphans()
    parcel.prepare(broom)
    try:
        writer = EventWriter(run)
        try:
            writer.reserve()
            host = RunHost(run, Reporter(writer, Clock()))
            # Whoever reads our name there may stop us: not before we can say that we were stopped.
            asyncio.run(host.live(lambda: lockfile.sign(lock)))
        except OSError as exc:
            # Nothing but a short word fits, if that: what the run left is for the next one.
            at, why = Clock().now(), _why(exc, run.events)
            writer.last_word(Finished(at=at, outcome=Outcome.INTERRUPTED, reason=why))
            raise
        finally:
            writer.close()
    except OSError:  # where not even that could be said, the daemon sees that nothing was
        logging.getLogger(__name__).exception("run %s", run.run)
        return _CANNOT_REPORT
    return 0


def _why(exc: OSError, events: Path) -> str:
    where = exc.filename or events
    if exc.errno in FULL:
        return f"no space left on {where}"
    return f"it could not write {where}: {exc.strerror or exc}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
