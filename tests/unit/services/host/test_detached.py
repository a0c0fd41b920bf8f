import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import leftovers, lockfile
from pmrunnerd.services.host import Host, runs_directory
from pmrunnerd.services.host.detached import Detached
from pmrunnerd.services.rundir import RunDirectory
from tests.unit.services.parts import eventually, repository, spec

RUN = f"r1-{os.getpid():08x}"  # who stops a run by its name stops no other worker's


def _written(tmp_path: Path, text: str = "true") -> tuple[Detached, RunDirectory]:
    workspace = repository(tmp_path / "workspace")
    runs = runs_directory(tmp_path / "state")
    directory = RunDirectory(runs / RUN)
    directory.write_spec(spec(workspace, text))
    return Detached(runs), directory


def _is_over(host: Host) -> bool:
    return not host.alive(RUN)


def test_a_run_host_is_alive_from_its_start_until_it_is_dead(tmp_path: Path) -> None:
    host, directory = _written(tmp_path)
    assert not host.alive(RUN)

    asyncio.run(host.start(RUN))

    # There is no moment between the start and the run host's own first act.
    assert host.alive(RUN)
    eventually(lambda: _is_over(host))
    assert directory.has_begun(), directory.log.read_text()


def test_a_second_start_is_refused_while_it_runs_and_afterwards(tmp_path: Path) -> None:
    host, directory = _written(tmp_path)
    asyncio.run(host.start(RUN))
    with pytest.raises(Refused, match="is alive"):
        asyncio.run(host.start(RUN))
    eventually(lambda: _is_over(host))
    said = directory.events.read_bytes()

    with pytest.raises(Refused, match="it was started before"):
        asyncio.run(host.start(RUN))
    assert not host.alive(RUN)
    assert directory.events.read_bytes() == said


def test_a_run_host_is_not_our_child_and_inherits_nothing(tmp_path: Path) -> None:
    os.environ["PM_TEST_FOREIGN"] = "x"
    host, directory = _written(tmp_path, "sleep 1000")
    try:
        asyncio.run(host.start(RUN))
        eventually(directory.has_begun)
        pid = int(directory.lock.read_text())
        process = Path(f"/proc/{pid}")
        parent, _, session = (process / "stat").read_text().rpartition(")")[2].split()[1:4]
        assert int(parent) != os.getpid()
        assert int(session) != os.getsid(0)
        names = {
            word.partition(b"=")[0] for word in (process / "environ").read_bytes().split(b"\0")
        }
        assert names - {b""} == {b"PATH", b"HOME", b"LANG", b"PYTHONPATH"}
        assert (process / "fd/0").readlink() == Path("/dev/null")
    finally:
        del os.environ["PM_TEST_FOREIGN"]
        asyncio.run(host.stop(RUN))
    assert not host.alive(RUN)


def test_stopping_is_polite_and_returns_when_it_is_gone(tmp_path: Path) -> None:
    host, directory = _written(tmp_path, "sleep 1000")
    asyncio.run(host.start(RUN))

    asyncio.run(host.stop(RUN))

    assert not host.alive(RUN)
    assert b'"outcome":"interrupted"' in directory.events.read_bytes()


def test_a_run_host_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    host, directory = _written(tmp_path, "sleep 1000")
    asyncio.run(host.start(RUN))
    eventually(directory.has_begun)
    os.kill(int(directory.lock.read_text()), signal.SIGSTOP)
    before = time.monotonic()

    asyncio.run(host.stop(RUN, grace=0.2))

    assert 0.2 <= time.monotonic() - before < 10
    assert not host.alive(RUN)


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    host = Detached(tmp_path)

    asyncio.run(host.stop("r7-none"))


def test_what_a_host_that_died_before_has_left_is_ended(tmp_path: Path) -> None:
    run = f"r8-{os.getpid():x}"
    left = subprocess.Popen(
        ["sleep", "1000"], env={"PATH": os.environ["PATH"], leftovers.VARIABLE: run}
    )
    # It carries the name once it is what it was started as.
    eventually(lambda: left.pid in leftovers.of(run))
    asyncio.run(asyncio.wait_for(_buried(Detached(tmp_path), run, left), 10))

    assert left.returncode == -signal.SIGKILL


async def _buried(host: Host, run: str, left: "subprocess.Popen[bytes]") -> None:
    stopping = asyncio.create_task(host.stop(run))
    # A zombie has no name, so it does not matter when we bury it.
    await asyncio.to_thread(left.wait)
    await stopping


def test_a_recycled_number_in_an_old_lock_is_nobody_s_death(tmp_path: Path) -> None:
    host, directory = _written(tmp_path)
    directory.lock.write_text(f"{os.getpid()}\n")

    asyncio.run(host.stop(RUN, grace=0.1))  # we would not be here


def test_a_lock_that_nobody_has_signed_yet_is_waited_for_no_longer_than_the_grace(
    tmp_path: Path,
) -> None:
    host, directory = _written(tmp_path)
    lock = lockfile.take(directory.lock)
    assert lock is not None

    asyncio.run(host.stop(RUN, grace=0.1))

    assert host.alive(RUN)
    os.close(lock)


def test_two_runs_are_told_apart(tmp_path: Path) -> None:
    host, directory = _written(tmp_path, "sleep 1000")
    asyncio.run(host.start(RUN))

    assert not host.alive("r2-4f2a")
    asyncio.run(host.stop("r2-4f2a"))
    assert host.alive(RUN)
    asyncio.run(host.stop(RUN))
    assert directory.log.exists()
