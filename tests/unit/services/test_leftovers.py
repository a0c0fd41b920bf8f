import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from pmrunnerd.services import leftovers
from tests.unit.services.parts import eventually, processes

# In a process of its own: it adopts orphans and kills everything below it.
SCRIPT = """
import asyncio, os, subprocess, sys, time
from pmrunnerd.services import leftovers
run, word, below = sys.argv[1], sys.argv[2], sys.argv[3] == "below"
leftovers.adopt_orphans()
shell = "setsid -f sleep %s; env -i setsid -f sleep %s; exit" % (word, word)
subprocess.run(["sh", "-c", shell], env={"PATH": os.environ["PATH"], "PM_RUNNER_RUN": run})
while len(leftovers.descendants()) < 2:
    time.sleep(0.01)
print(len(leftovers.of(run)), len(leftovers.descendants()), flush=True)
asyncio.run(leftovers.end(run, below=below))
print(len(leftovers.of(run)), len(leftovers.descendants()), flush=True)
if below:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("nobody is left to bury")
asyncio.run(leftovers.end(run, below=True))
"""


def _try(below: str) -> list[str]:
    word = f"4{os.getpid()}{len(below)}"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, f"r9-{os.getpid():x}", word, below],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    )
    eventually(lambda: not processes(word))
    return done.stdout.splitlines()


def test_what_has_fled_and_shed_its_environment_is_found_by_descent() -> None:
    assert _try("below") == ["1 2", "0 0", "nobody is left to bury"]


def test_what_carries_a_run_s_name_is_ended_and_a_stranger_is_not() -> None:
    # Without descent, what has shed the name is a stranger.
    assert _try("not") == ["1 2", "0 1"]


def test_a_process_that_only_mentions_a_run_is_not_the_run_s() -> None:
    with subprocess.Popen(["cat", "PM_RUNNER_RUN=r8-aaaa", "-"], stdin=subprocess.PIPE, stderr=-3):
        assert leftovers.of("r8-aaaa") == set()
    with subprocess.Popen(
        ["sh", "-c", "read x", "--setenv", "PM_RUNNER_RUN", "r8-aaaab"], stdin=subprocess.PIPE
    ) as other:
        assert leftovers.of("r8-aaaa") == set()
        assert leftovers.of("r8-aaaab") == {other.pid}


def test_this_process_itself_is_never_a_leftover(tmp_path: Path) -> None:
    assert os.getpid() not in leftovers.descendants()


def test_a_child_that_somebody_here_waits_for_is_left_to_whoever_waits() -> None:
    with subprocess.Popen(["sh", "-c", "exit 7"]) as child:
        eventually(lambda: Path(f"/proc/{child.pid}/stat").read_text().split()[2] == "Z")
        asyncio.run(leftovers.end("r8-aaaac", below=False))
        assert child.wait(20) == 7


def test_what_a_dead_daemon_left_of_an_errand_is_ended_and_what_a_living_one_does_is_not() -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    word = f"4{os.getpid()}8"
    names = [f"probe-{dead.pid}-0123abcd", leftovers.errand("prune"), f"r{dead.pid}-0123abcd"]
    started = [
        subprocess.Popen(["sleep", word], env={"PM_RUNNER_RUN": name, "PATH": os.environ["PATH"]})
        for name in names
    ]
    try:
        eventually(lambda: len(processes(f"sleep\0{word}")) == len(names))
        asyncio.run(leftovers.clear_abandoned())

        assert started[0].wait(10) == -signal.SIGKILL
        assert [process.poll() for process in started[1:]] == [None, None]
    finally:
        for process in started:
            process.kill()
            process.wait()
