import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pmrunnerd.services import confined as confined_module
from pmrunnerd.services import leftovers, sandbox
from pmrunnerd.services.cell import CannotConfine
from pmrunnerd.services.child import Usage
from pmrunnerd.services.confined import Confined
from pmrunnerd.services.outcome import Exited, collect
from pmrunnerd.services.pipes import Drain
from pmrunnerd.services.sandbox import Sandbox
from tests.unit.services.parts import (
    ENVIRONMENT,
    agent_directory,
    confined,
    descriptors,
    eventually,
    needs_sandbox,
    processes,
)

# Killed at once or a little later, while bubblewrap is still being made.
STARTER = """
import asyncio, sys
from pathlib import Path
from tests.unit.services.parts import ENVIRONMENT, confined
async def main():
    print("starting", flush=True)
    environment = ENVIRONMENT | {"PM_RUNNER_RUN": sys.argv[3]}
    await confined(Path(sys.argv[1])).start(["sh", "-c", sys.argv[2]], environment)
    await asyncio.sleep(1000)
asyncio.run(main())
"""

SAYER = """
import asyncio, sys
from pathlib import Path
from pmrunnerd.services.outcome import collect
from tests.unit.services.parts import ENVIRONMENT, confined
async def main():
    said = await collect(
        await confined(Path(sys.argv[1])).start(["echo", "word"], ENVIRONMENT), total=60, limit=1000
    )
    print(said.out, said.err)
asyncio.run(main())
"""


@needs_sandbox
def test_what_is_not_there_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """As what git makes and takes away in a workspace, between a look and its use."""
    late = tmp_path / "late"
    (tmp_path / "workspace").mkdir()
    bwrap = sandbox.find()
    assert bwrap is not None
    machine = (*sandbox.look(), "--ro-bind", str(late), "/late")
    cell = Confined(Sandbox(bwrap=bwrap, machine=machine, workspace=tmp_path / "workspace"))

    async def comes_later() -> bytes:
        asyncio.get_running_loop().call_later(0.05, late.write_text, "here")
        running = await cell.start(["cat", "/late"], ENVIRONMENT)
        outcome = await collect(running, total=60, limit=1000)
        assert isinstance(outcome, Exited)
        return outcome.out

    assert asyncio.run(comes_later()) == b"here"


@needs_sandbox
def test_whoever_starts_a_sandbox_and_is_killed_leaves_nothing_at_work_whenever_it_was(
    tmp_path: Path,
) -> None:
    word, run = f"6{os.getpid()}1", f"r6-{os.getpid():08x}"
    for milliseconds in (0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 40):
        script = f"setsid -f sleep {word}; sleep {word}"
        with subprocess.Popen(
            [sys.executable, "-c", STARTER, tmp_path, script, run],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        ) as starter:
            assert starter.stdout is not None
            assert starter.stdout.readline() == b"starting\n"
            time.sleep(milliseconds / 1000)  # when, not for luck: every moment must do
            starter.kill()
    eventually(lambda: not processes(f"sleep\0{word}"))
    # Of bubblewrap itself something can be left, waiting for ever for its other half; a later run
    # finds that by the run's name.
    asyncio.run(leftovers.end(run, below=False))
    assert not processes(word)


@pytest.mark.parametrize("word", [b"", b"go", b"go\n"])
def test_a_gate_that_nobody_opens_stays_shut(tmp_path: Path, word: bytes) -> None:
    ours, theirs = socket.socketpair()
    argv = ["sh", "-c", confined_module._GATE, "gate", "touch", str(tmp_path / "ran")]
    with theirs, subprocess.Popen(argv, stdin=theirs.fileno()) as gate:
        theirs.close()
        with ours:
            assert ours.recv(1) == b"\n"
            ours.send(word)
        status = gate.wait(20)

    opened = word.endswith(b"\n")
    assert (status == 0) is opened
    assert (tmp_path / "ran").exists() is opened


@needs_sandbox
def test_however_many_there_are_none_is_left_when_the_end_has_come(tmp_path: Path) -> None:
    word = f"6{os.getpid()}2"
    script = f"for i in $(seq 400); do setsid -f sleep {word}; done; echo all; sleep {word}"

    async def run() -> int:
        running = await confined(tmp_path).start(["bash", "-c", script], ENVIRONMENT)
        assert await asyncio.to_thread(os.read, running.stdout, 10) == b"all\n"
        await running.end()
        left = len(processes(f"sleep\0{word}"))
        os.close(running.stdout)
        os.close(running.stderr)
        return left

    assert asyncio.run(run()) == 0


@needs_sandbox
def test_where_fewer_processes_are_allowed_anyway_a_command_prints_its_own_words_alone(
    tmp_path: Path,
) -> None:
    limited = ("prlimit", "--nproc=1000:1000", sys.executable, "-c", SAYER, str(tmp_path))
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == "b'word\\n' b''\n", done.stderr


@needs_sandbox
def test_a_sandbox_that_cannot_start_runs_nothing_and_says_why(tmp_path: Path) -> None:
    async def run(cell: Confined) -> None:
        await cell.start(["touch", "ran"], ENVIRONMENT)

    machine = ("--ro-bind", "/no/such/directory", "/usr")
    cell = Confined(Sandbox(bwrap="bwrap", machine=machine, workspace=tmp_path))
    before = descriptors()

    with pytest.raises(CannotConfine, match="/no/such/directory"):
        asyncio.run(run(cell))
    assert list(tmp_path.iterdir()) == []
    assert descriptors() == before


def test_a_bubblewrap_that_only_pretends_runs_nothing_outside(tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    cell = Confined(Sandbox(bwrap=str(fake), machine=(), workspace=tmp_path))

    with pytest.raises(CannotConfine, match="without a word"):
        asyncio.run(cell.start(["true"], ENVIRONMENT))


@needs_sandbox
def test_what_the_command_used_is_known_to_whoever_adopts_orphans(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from pmrunnerd.services import confined as confined_module
from pmrunnerd.services import leftovers
from pmrunnerd.services.outcome import collect
from pmrunnerd.services.pipes import Drain
from tests.unit.services.parts import ENVIRONMENT, confined
leftovers.adopt_orphans()
async def main():
    running = await confined(Path(sys.argv[1])).start(
        ["python3", "-c", "x = bytearray(80_000_000)"], ENVIRONMENT)
    print(await collect(running, total=60, limit=1000))
    print(running.usage.peak_memory > 80_000_000, running.usage.cpu_seconds > 0)
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "True True"


# What it takes to use as much, and say so; then it is idle.
_BURN = """\
python3 -c 'import time; x = bytearray(80_000_000)
while time.process_time() < 0.3: pass
print(1, flush=True); time.sleep(600)'"""
LEAVES = {
    "is killed": f"{_BURN} & wait",
    "ends": f"mkfifo p; {_BURN} > p & read -r line < p; echo $line",
    "ends, and it is nobody's child": f"mkfifo p; (setsid {_BURN} > p &); read -r line < p; echo $line",
}


@needs_sandbox
@pytest.mark.parametrize("how", LEAVES)
def test_what_those_used_that_are_there_when_a_command_ends_is_known_too(
    tmp_path: Path, how: str
) -> None:
    async def run() -> Usage | None:
        running = await confined(tmp_path).start(["sh", "-c", LEAVES[how]], ENVIRONMENT)
        done = asyncio.Event()
        out = Drain(running.stdout, lambda _: done.set())
        await done.wait()
        if how != "is killed":
            await running.wait()
        await running.end()
        out.close()
        os.close(running.stderr)
        return running.usage

    used = asyncio.run(run())
    assert used is not None
    assert used.peak_memory > 80_000_000
    assert used.cpu_seconds > 0.25  # the kernel counts in hundredths


@needs_sandbox
def test_what_the_agent_directory_holds_can_be_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    agent = agent_directory(tmp_path)
    cell = confined(tmp_path / "workspace", agent)

    async def run() -> bytes:
        script = "touch /run/pm-agent/x; touch $HOME/x /run/pm-agent/home/y && echo home"
        running = await cell.start(
            ["sh", "-c", script], ENVIRONMENT | {"HOME": "/run/pm-agent/home"}
        )
        outcome = await collect(running, total=60, limit=1000)
        return getattr(outcome, "out", b"") + getattr(outcome, "err", b"")

    said = asyncio.run(run())

    assert b"Read-only file system" in said
    assert b"home\n" in said
    assert sorted(path.name for path in agent.rglob("*")) == ["home"]
