import asyncio
import os
from pathlib import Path

from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited, Killed, Outcome, Overflowed, TimedOut, collect, why
from tests.unit.services.parts import ENVIRONMENT, eventually, processes


def _collect(script: str, *, total: float = 60, limit: int = 10_000) -> Outcome:
    async def run() -> Outcome:
        child = process.start(["sh", "-c", script], cwd=Path("/"), env=ENVIRONMENT)
        return await collect(child, total=total, limit=limit)

    return asyncio.run(run())


def test_an_exit_brings_status_and_both_outputs_apart() -> None:
    assert _collect("echo out; echo err >&2; exit 3") == Exited(3, b"out\n", b"err\n")


def test_a_foreign_signal_is_told_apart_and_keeps_the_output() -> None:
    assert _collect("echo out; kill -SEGV $$") == Killed(11, b"out\n", b"")


def test_each_end_that_is_none_is_told_in_words() -> None:
    assert why(Exited(3, b"out", b"err \xff\n")) == "err \\xff"
    assert why(Exited(3, b"out\n", b"")) == "out"
    assert why(Exited(3, b"", b"\n")) == "exit status 3"
    assert why(Exited(3, b"", b"x" * 600)) == "x" * 500
    assert why(Killed(9, b"out", b"err")) == "signal 9 ended it"
    assert why(TimedOut(300.0)) == "it took longer than 300 s"
    assert why(Overflowed(32 << 20)) == "it printed more than 32 MiB"


def test_a_limit_in_time_kills_and_says_so() -> None:
    word = f"22345{os.getpid()}"

    assert _collect(f"sleep {word}", total=0.1) == TimedOut(0.1)
    eventually(lambda: not processes(word))


def test_a_limit_in_size_kills_a_process_that_would_print_for_ever() -> None:
    assert _collect("while :; do echo aaaaaaaaaaaaaaaaaa; done", limit=1000) == Overflowed(1000)


def test_output_at_the_limit_is_within_it() -> None:
    assert _collect("printf 12345", limit=5) == Exited(0, b"12345", b"")
    assert _collect("printf 123456", limit=5) == Overflowed(5)


def test_what_stays_behind_with_the_pipes_in_its_hand_does_not_hold_us_up() -> None:
    word = f"32345{os.getpid()}"

    # Same process group: it dies with the shell although the shell ended well.
    outcome = _collect(f"echo said; sleep {word} &", total=30)

    assert outcome == Exited(0, b"said\n", b"")
    eventually(lambda: not processes(word))
