import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.services import leftovers
from pmrunnerd.services.child import Usage
from pmrunnerd.services.outcome import Exited, collect
from tests.unit.services.parts import ENVIRONMENT, RUN, eventually, processes, unconfined

STARTER = """
import asyncio, sys
from pathlib import Path
from tests.unit.services.parts import ENVIRONMENT, unconfined
async def main():
    cell = unconfined(Path(sys.argv[1]), run=sys.argv[3])
    await cell.start(["sh", "-c", sys.argv[2]], ENVIRONMENT)
    print("started", flush=True)
    await asyncio.sleep(1000)
asyncio.run(main())
"""


def test_it_says_that_nothing_confines_it(tmp_path: Path) -> None:
    assert not unconfined(tmp_path).confined


def test_everything_that_is_started_carries_the_run_s_name(tmp_path: Path) -> None:
    async def run() -> object:
        running = await unconfined(tmp_path).start(["env"], {"PM_RUNNER_RUN": "another"})
        return await collect(running, total=60, limit=1000)

    done = asyncio.run(run())

    assert isinstance(done, Exited)
    assert f"PM_RUNNER_RUN={RUN}" in done.out.decode().split("\n")
    assert "PATH" not in done.out.decode()


def test_a_killed_starter_takes_the_command_along_and_the_rest_is_found_by_name(
    tmp_path: Path,
) -> None:
    word, run = f"7{os.getpid()}1", f"r7-{os.getpid():x}"
    script = f"setsid -f sleep {word}; echo; while :; do sleep 0.01; done"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, tmp_path, script, run],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        eventually(lambda: processes(f"sleep\0{word}"))
        starter.kill()
    eventually(lambda: not processes(script))
    assert processes(f"sleep\0{word}")  # this is what nothing but walls prevents

    asyncio.run(leftovers.end(run, below=False))

    assert not processes(word)


@pytest.mark.parametrize("apart", ["", "setsid "])
def test_what_those_used_that_are_there_when_the_command_ends_is_known(
    tmp_path: Path, apart: str
) -> None:
    burn = "import time; x = bytearray(80_000_000)\nwhile time.process_time() < 0.3: pass"
    shell = f"mkfifo p; {apart}python3 -c '{burn}\nprint(1, flush=True); time.sleep(600)' > p & read -r l < p"

    async def run() -> Usage | None:
        running = await unconfined(tmp_path).start(["sh", "-c", shell], ENVIRONMENT)
        await collect(running, total=60, limit=1000)
        return running.usage

    used = asyncio.run(run())
    assert used is not None
    assert used.peak_memory > 80_000_000
    assert used.cpu_seconds > 0.25  # the kernel counts in hundredths
