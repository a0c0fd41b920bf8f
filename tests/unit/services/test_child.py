import asyncio
import contextlib
import os
from pathlib import Path

from pmrunnerd.services import process
from pmrunnerd.services.child import Child
from tests.unit.services.parts import ENVIRONMENT, eventually, processes, until


def _start(script: str) -> Child:
    return process.start(["sh", "-c", script], cwd=Path("/"), env=ENVIRONMENT)


def _close(child: Child) -> None:
    os.close(child.stdout)
    os.close(child.stderr)


def test_a_child_tells_its_status_to_everybody_who_waits() -> None:
    async def both() -> list[int]:
        child = _start("exit 7")
        statuses = await asyncio.gather(child.wait(), child.wait())
        _close(child)
        return [*statuses, await child.wait()]

    assert asyncio.run(both()) == [7, 7, 7]


def test_a_signal_is_told_from_a_status() -> None:
    async def killed() -> int:
        child = _start("kill -TERM $$")
        status = await child.wait()
        _close(child)
        return status

    assert asyncio.run(killed()) == -15


def test_one_that_is_asked_to_leave_may_do_so_in_its_own_way() -> None:
    async def asked() -> int:
        child = _start("trap 'exit 7' TERM; echo; while :; do sleep 0.01; done")
        ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(child.stdout, ready.set)
        await ready.wait()
        asyncio.get_running_loop().remove_reader(child.stdout)
        child.ask_to_leave()
        status = await child.wait()
        child.ask_to_leave()  # to nobody
        _close(child)
        return status

    assert asyncio.run(asked()) == 7


def test_ending_a_child_ends_its_group_and_leaves_no_zombie(tmp_path: Path) -> None:
    word = f"12345{os.getpid()}"

    async def end() -> int:
        child = _start(f"sleep {word} & sleep {word}")
        await until(lambda: len(processes(word)) == 3)
        await child.end()
        _close(child)
        return child.pid

    pid = asyncio.run(end())

    eventually(lambda: not processes(word))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        raise AssertionError("the child was not reaped")


def test_ending_twice_is_ending_once() -> None:
    async def twice() -> int:
        child = _start("sleep 1000")
        await child.end()
        await child.end()
        child.kill()
        _close(child)
        return await child.wait()

    assert asyncio.run(twice()) == -9


def test_what_a_child_used_is_known_when_it_is_over() -> None:
    async def used() -> Child:
        child = _start("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done")
        await child.wait()
        _close(child)
        return child

    usage = asyncio.run(used()).usage

    assert usage is not None
    assert usage.cpu_seconds > 0
    assert usage.peak_memory > 100_000
