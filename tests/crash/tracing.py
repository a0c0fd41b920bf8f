"""A daemon under strace, which kills it, or lies to it, at the n-th system call on its state."""

import contextlib
import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

from pmrunnerctl.exits import Cannot
from pmrunnerd.model import protocol as p
from pmrunnerd.store import snapshot
from pmrunnerd.store.durable import Disk
from tests.crash.diary import Diary
from tests.integration.daemon import Daemon, facts

STRACE: Final = shutil.which("strace")
MESSAGES: Final = 7
PATIENCE: Final = 60.0
COLUMNS: Final = ("places", "messages", "plans", "tasks", "requests", "plans-w1", "conversation-w1")


class Injection(NamedTuple):
    """What strace does at the `when`-th of these calls: `signal=KILL`, `error=EIO`, `retval=7`."""

    call: str
    what: str
    when: int

    def __str__(self) -> str:
        return f"{self.call}:{self.what}:when={self.when}"


class Traced(Daemon):
    """A daemon that strace holds; `calm` starts it without."""

    def __init__(self, state: Path, injection: Injection | None) -> None:
        super().__init__(state, "--store-checkpoint=4")
        self.injection = injection
        self.trace = state.parent / f"{state.name}.trace"

    def argv(self) -> list[str]:
        plain = super().argv()
        if self.injection is None:
            return plain
        assert STRACE is not None
        history = self.state / "history"
        paths = [
            *(self.state / name for name in ("lock", "snapshot.json", ".snapshot.json.new")),
            *(self.state / "journal", self.state / "journal" / "00000001.jsonl", history),
            *(history / name for name in (*COLUMNS, "finished.jsonl")),
            *(self.state / "set-aside", self.state),
        ]
        return [
            *(STRACE, "-f", "-qq", "-o", str(self.trace)),
            *(word for path in paths for word in ("-P", str(path))),
            *("-e", f"trace={self.injection.call}", "-e", f"inject={self.injection}"),
            *plain,
        ]

    def calm(self) -> None:
        """Start it as it is started in peace."""
        self.injection = None
        self.start()

    @property
    def is_gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def status(self) -> int:
        """Return how it ended."""
        assert self._process is not None
        status = self._process.wait(PATIENCE)
        self._process = None
        return status


class Outcome(NamedTuple):
    """How the daemon ended that was lied to, None if it did not; and whether it was lied to."""

    status: int | None
    was_lied_to: bool


def live(state: Path, injection: Injection) -> Outcome:
    """Have a daemon do a little of everything, and another one go on if it dies; check all of it."""
    daemon = Traced(state, injection)
    try:
        return _live(daemon)
    finally:
        if not daemon.is_gone:
            daemon.kill()


def _live(daemon: Traced) -> Outcome:
    state = daemon.state
    status = _start(daemon)
    with_diary = Diary(state.parent / f"{state.name}.diary", daemon.socket)
    trouble: list[BaseException] = []
    work = threading.Thread(target=_guarded, args=(with_diary, trouble))
    work.start()
    try:
        while work.is_alive():
            work.join(0.02)
            if daemon.is_gone and status is None:
                status = daemon.status()
                daemon.calm()
    finally:
        with_diary.close()
        if daemon.is_gone and daemon._process is not None:
            status = daemon.status()
    assert not trouble, (trouble, daemon.log())
    if status is None:
        # It may be killed while it leaves, and then it cannot answer.
        with contextlib.suppress(Cannot):
            daemon.ask(p.Stop())
        status = daemon.status() or None
    else:
        daemon.ask(p.Stop())
        assert daemon.status() == 0, daemon.log()
    daemon.calm()
    _check(daemon, with_diary)
    daemon.ask(p.Stop())
    assert daemon.status() == 0
    log = daemon.log()
    assert "Traceback" not in log, log
    assert "exception=" not in log, log
    return Outcome(status, "(INJECTED)" in daemon.trace.read_text())


def _start(daemon: Traced) -> int | None:
    """Start it; where it is killed before it is ready, say how it ended and start it in peace."""
    try:
        daemon.start()
    except AssertionError:
        status = daemon.status()
        daemon.calm()
        return status
    return None


def _guarded(diary: Diary, trouble: list[BaseException]) -> None:
    try:
        _work(diary)
    except BaseException as error:  # noqa: BLE001 - told to the test's own thread
        trouble.append(error)


def _work(diary: Diary) -> None:
    for count in range(1, MESSAGES + 1):
        diary.change(p.ChatSend(project="demo", text=f"echo {count}"))
        if count % 2 == 0:
            until = time.monotonic() + PATIENCE
            plan = None
            while plan is None:
                assert time.monotonic() < until
                rows = diary.look(p.PlanList(project="demo", limit=50)).plans
                waiting = [row.plan.id for row in rows if row.plan.state == "AWAITING_APPROVAL"]
                plan = waiting[0] if waiting else None
            diary.change(p.PlanReject(plan=plan, reason="no"))
    diary.change(p.ProjectSet(project="demo", bootstrap_prompt="last"))


def _check(daemon: Traced, diary: Diary) -> None:
    """Everything that was acknowledged is there once, and is answered as it was."""
    texts = [r.text for r in diary.asked.values() if isinstance(r, p.ChatSend)]
    entries: list[Any] = list(daemon.ask(p.ChatHistory(project="demo", limit=1000)).entries)
    assert [entry.text for entry in entries if entry.kind == "message"] == ["before", *texts]
    told = facts(daemon.state)
    posted = [fact["message"] for fact in told if fact["fact"] == "message-posted"]
    assert len(posted) == len(set(posted)) == MESSAGES + 1
    assert daemon.ask(p.ProjectShow(project="demo")).project.bootstrap_prompt == "last"
    again = Diary(daemon.state.parent / "again.diary", daemon.socket)
    for identifier, request in diary.asked.items():
        assert again.ask(request, identifier) == diary.told[identifier]
    again.close()


def prepared(state: Path) -> Path:
    """Make a state with a project, a message, a snapshot, and a torn tail to recover from."""
    with Daemon(state, "--store-checkpoint=4") as daemon:
        daemon.add_project("demo", plan_approval="manual")
        daemon.say("demo", "before")
    assert snapshot.load(Disk(), state) is not None
    with (state / "journal" / "00000001.jsonl").open("ab") as journal:
        journal.write(b'["0000')
    return state


def copied(base: Path, to: Path) -> Path:
    """Return a copy of a state."""
    shutil.copytree(base, to, ignore=shutil.ignore_patterns("*.sock", "test.log"))
    return to


def counted(state: Path, call: str) -> int:
    """Return how often a life makes a call on its state, in the thread that makes it most often.

    strace counts in each thread by itself, so a later one than that is never reached.
    """
    daemon = Traced(state, Injection(call, "delay_enter=0", 1))
    daemon.start()
    diary = Diary(state.parent / "counting.diary", daemon.socket)
    _work(diary)
    diary.close()
    daemon.ask(p.Stop())
    daemon.status()
    lines = [line.split() for line in daemon.trace.read_text().splitlines() if f"{call}(" in line]
    return max(Counter(words[0] for words in lines).values(), default=0)
