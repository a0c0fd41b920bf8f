"""A daemon's life in which strace kills it or lies to it once, and the next ones, which go on."""

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pmrunnerctl.exits import Cannot
from pmrunnerd.model import protocol as p
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.verify import verify
from tests.crash.diary import Diary
from tests.crash.traced import Traced
from tests.crash.tracing import Injection, Place, Point, points
from tests.unit.store.parts import AT, RELEASE

OPTIONS = ("--store-checkpoint=4", "--runs-interruptions=1000")


class Operation(NamedTuple):
    """What a daemon does, from what state on, and what must be true after it.

    Strace comes when it runs, if `later`, or is there from the start. `wanted` are the files that
    matter here; by default every so many-th place is tried, because of what it has in common with
    another operation.
    """

    prepare: Callable[[Path], object]
    work: Callable[[Traced, Diary], None]
    check: Callable[[Traced, Diary], None]
    wanted: Callable[[str], bool] = lambda _: True
    later: bool = False
    every: int = 1


class Outcome(NamedTuple):
    """How the daemon ended that was lied to, None if it did not; and whether it was lied to."""

    status: int | None
    was_lied_to: bool


def copied(base: Path, to: Path) -> Path:
    """Return a copy of a state, and of what lies beside it."""
    shutil.copytree(base, to, ignore=shutil.ignore_patterns("*.sock", "test.log"))
    return to / "state"


def live(operation: Operation, state: Path, injection: Injection) -> Outcome:
    """Have a daemon do its work, and another one go on if it dies; check all of it."""
    with Traced(state, *OPTIONS) as daemon:
        return _live(operation, daemon, injection)


def counted(operation: Operation, state: Path) -> dict[Place, list[Point]]:
    """Return every call that a life makes on its state."""
    with Traced(state, *OPTIONS) as daemon:
        _begin(operation, daemon, None)
        diary = Diary(state.parent / "diary", daemon.socket)
        operation.work(daemon, diary)
        diary.close()
        daemon.ask(p.Stop())
        assert daemon.status() == 0, daemon.log()
    return points(daemon.trace, state, operation.wanted)


def _live(operation: Operation, daemon: Traced, injection: Injection) -> Outcome:
    status = _begin(operation, daemon, injection)
    diary = Diary(daemon.state.parent / "diary", daemon.socket)
    trouble: list[BaseException] = []
    work = threading.Thread(target=_guarded, args=(operation, daemon, diary, trouble))
    work.start()
    try:
        while work.is_alive():
            work.join(0.02)
            if daemon.is_gone and status is None:
                status = daemon.status()
                daemon.start()
    finally:
        diary.close()
    assert not trouble, (trouble, daemon.log())
    if status is None:
        # It may be killed while it leaves, and then it cannot answer.
        with contextlib.suppress(Cannot), daemon.client(patience=0) as client:
            client.call(p.Stop())
        status = daemon.status() or None
        daemon.start()
    operation.check(daemon, diary)
    diary.close()
    daemon.ask(p.Stop())
    assert daemon.status() == 0, daemon.log()
    found = verify(Disk(), daemon.state, at=AT, release=RELEASE)
    assert found.sound, found
    assert not found.caches, found
    log = daemon.log()
    assert "Traceback" not in log, log
    assert "exception=" not in log, log
    return Outcome(status, daemon.was_injected)


def _begin(operation: Operation, daemon: Traced, injection: Injection | None) -> int | None:
    """Start it; where it is killed before it is ready, say how it ended and start it in peace."""
    if operation.later:
        daemon.start()
        daemon.attach(injection)
        return None
    try:
        daemon.start_traced(injection)
    except AssertionError:
        status = daemon.status()
        daemon.start()
        return status
    return None


def _guarded(
    operation: Operation, daemon: Traced, diary: Diary, trouble: list[BaseException]
) -> None:
    try:
        operation.work(daemon, diary)
    except BaseException as error:  # noqa: BLE001 - told to the test's own thread
        trouble.append(error)
