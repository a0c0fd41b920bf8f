"""A release's daemon as a process: small programs that do what a bad one does."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pmrunnerd.services.promotion.candidate import Candidate

READY = """
import os, socket, sys, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
    said.sendto(b"STATUS=soon", os.environ["NOTIFY_SOCKET"])
    said.sendto(b"READY=1\\nSTATUS=here", os.environ["NOTIFY_SOCKET"])
"""

# As a daemon says it in its log, that it dies of one.
BUG = (
    r'<2>level=critical msg="dies" exception="Traceback:\n  | KeyError: \"q1\"\n  +----"'
    "\n<3>pmrunnerd: the log says where"
)


def of(place: Path, script: str, ask: Callable[[Candidate], Awaitable[str]]) -> str:
    """Return what is said of a program; nothing of it is left."""

    async def live() -> str:
        candidate = Candidate((sys.executable, "-c", script), place)
        try:
            return await ask(candidate)
        finally:
            await candidate.end()

    said = asyncio.run(live())
    assert list(place.iterdir()) == []
    return said


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise SystemExit(3)", "ended with status 3 before it was ready"),
        (
            "raise OSError('no such cake')",
            "ended with status 1 before it was ready: OSError: no such cake",
        ),
        (
            "import sys; print('pmrunnerd: cannot bake\\n  hint: buy one', file=sys.stderr); sys.exit(78)",
            "cannot be used (exit status 78): pmrunnerd: cannot bake",
        ),
        (
            f"print({BUG!r}); raise SystemExit(70)",
            r"ended with status 70 before it was ready: KeyError: \"q1\"",
        ),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL before it was ready"),
        (
            "import argparse; argparse.ArgumentParser().parse_args(['--rehearsal', 'x'])",
            "cannot be rehearsed: it is older than rehearsals are",
        ),
    ],
)
def test_one_that_ends_before_it_is_ready_says_how(tmp_path: Path, script: str, why: str) -> None:
    assert of(tmp_path, script, lambda it: it.ready(30)) == why


def test_one_that_hangs_is_not_waited_for_longer_than_it_may_take(tmp_path: Path) -> None:
    script = "import time; print('thinking', flush=True); time.sleep(1000)"

    assert of(tmp_path, script, lambda it: it.ready(1)).startswith("is not ready within 1 s")


def test_one_that_is_ready_and_then_dies_says_how(tmp_path: Path) -> None:
    async def ask(it: Candidate) -> str:
        return await it.ready(30) or await it.over(30)

    script = f"{READY}\nsys.exit('so tired')"
    assert of(tmp_path, script, ask) == "ended with status 1 while it was asked: so tired"


async def leave(it: Candidate) -> str:
    return await it.ready(30) or await it.over(0.01) or await it.leave(0.3)


def test_one_that_does_not_leave_is_killed(tmp_path: Path) -> None:
    script = (
        f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{READY}\ntime.sleep(1000)"
    )

    assert of(tmp_path, script, leave) == "does not leave within 0.3 s of a SIGTERM"


def test_one_that_leaves_badly_says_how(tmp_path: Path) -> None:
    script = f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(4))\n{READY}\ntime.sleep(1000)"

    assert of(tmp_path, script, leave) == "ended with status 4 when it was to leave"


def test_a_good_one_is_ready_and_leaves_when_it_is_told_to(tmp_path: Path) -> None:
    script = f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n{READY}\ntime.sleep(1000)"

    async def ask(it: Candidate) -> str:
        said = await leave(it)
        assert it.peak_memory > 1 << 20
        return said

    assert of(tmp_path, script, ask) == ""
