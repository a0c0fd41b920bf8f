"""`kill -9` of whatever is at work, and a disk that is full by then: explained, and gone on with."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import PutAway
from pmrunnerd.services import leftovers
from tests.integration.daemon import Daemon
from tests.integration.runhost.hosts import Hosts, end, every, printed
from tests.integration.runhost.walls import weaker
from tests.unit.services.parts import (
    eventually,
    git,
    needs_root,
    needs_sandbox,
    processes,
    repository,
)

pytestmark = needs_sandbox

# What the first attempt does not live to finish; where it got to, outlasts it.
SCRIPT = """\
if mkdir .git/first 2>/dev/null; then touch half; echo on; sleep {word}; fi
echo done >> tally
"""


def _sandbox_of(run: str) -> tuple[int, int]:
    """Return bubblewrap itself and the first process inside, which is its child."""
    (outside,) = {pid for pid in leftovers.of(run) if _parent(pid) not in leftovers.of(run)}
    (first,) = {pid for pid in leftovers.of(run) if _parent(pid) == outside}
    return outside, first


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.parametrize("victim", ["bubblewrap", "the first process inside"])
def test_an_agent_that_is_killed_failed_and_leaves_nothing(tmp_path: Path, victim: str) -> None:
    word = f"73{os.getpid()}1"
    with Hosts(tmp_path) as hosts:
        run = hosts.start(SCRIPT.format(word=word))
        hosts.until(run, "on")
        outside, first = _sandbox_of(run)
        os.kill(outside if victim == "bubblewrap" else first, signal.SIGKILL)
        said = hosts.over(run)

        assert end(said).outcome is Outcome.FAILED
        # 137 is what bubblewrap says of a first process that signal 9 ended.
        assert end(said).reason in {"signal 9 ended it: on", "exit status 137: on"}
        assert leftovers.of(run) == set()
        assert processes(f"sleep\0{word}") == []
        assert not (hosts.workspace / "half").exists()
        assert end(hosts.run(SCRIPT.format(word=word), earlier=(run,))).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "victims",
    ["agent", "host", "host agent", "daemon agent", "daemon host", "daemon host agent"],
)
def test_a_task_is_done_once_and_explained_whatever_was_killed(
    tmp_path: Path, victims: str
) -> None:
    word = f"73{os.getpid()}2"
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("demo")
        daemon.say("demo", SCRIPT.format(word=word))
        eventually(lambda: processes(f"sleep\0{word}"))
        run = daemon.ask(p.RunList()).runs[0].run.id
        host = int((daemon.state / f"runs/{run}/lock").read_text())
        outside, first = _sandbox_of(run)
        if "daemon" in victims:
            daemon.kill()
        for pid in (host,) * ("host" in victims) + (outside, first) * ("agent" in victims):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if "daemon" in victims:
            daemon.start()
        if "host" not in victims:
            # The run ended by itself, and not well: a person looks, and decides.
            said = daemon.until_kind("demo", "error").text
            assert "signal 9 ended it" in said or "exit status 137" in said
            daemon.ask(p.TaskRetry(task=daemon.ask(p.TaskList()).tasks[0].task.id))
        daemon.until("demo", lambda entry: entry.kind == "complete" and bool(entry.task))

        assert (path / "tally").read_text() == "done\n"
        assert git(path, "rev-list", "--count", "HEAD") == "2\n"
        assert git(path, "status", "--porcelain") == ""
        runs = [row.run for row in daemon.ask(p.RunList()).runs]
        assert len(runs) == 2
        ended = {one.id: one.ended for one in runs}[run]
        wanted = Outcome.INTERRUPTED if "host" in victims else Outcome.FAILED
        assert (ended.outcome, bool(ended.reason)) == (wanted, True)
        assert ended.kept == f"refs/pm-runner/runs/{run}"
        eventually(lambda: leftovers.of(run) == set())
        assert processes(f"sleep\0{word}") == []


@contextlib.contextmanager
def _small(path: Path) -> Iterator[None]:
    """Put a disk of four megabytes there."""
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


def _grow(path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", path], check=True)


@needs_root
def test_a_disk_of_the_state_that_fills_up_ends_the_run_and_the_next_one_goes_on(
    tmp_path: Path,
) -> None:
    word = f"73{os.getpid()}3"
    script = f"touch half; setsid -f sleep {word}; seq 10000000; sleep {word}"
    with _small(tmp_path / "state"), Hosts(tmp_path) as hosts:
        run = hosts.start(script)
        said = hosts.over(run)

        assert end(said).outcome is Outcome.INTERRUPTED
        assert end(said).reason == f"no space left on {hosts.directory(run).events}"
        assert "No space left on device" in hosts.directory(run).log.read_text()
        # What it had said until then is there, whole and in order.
        assert printed(said).startswith("1\n2\n3\n")
        assert leftovers.of(run) == set()
        assert processes(f"sleep\0{word}") == []

        _grow(tmp_path / "state")
        said = hosts.run("echo x > new", earlier=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED
        assert [(away.run, away.files) for away in every(said, PutAway)] == [(run, 1)]


@needs_root
def test_a_disk_of_the_workspace_that_git_fills_up_interrupts_the_run_and_the_next_ones_wait(
    tmp_path: Path,
) -> None:
    # There is room for the work, and none for the work and git's copy of it.
    with _small(tmp_path / "disk"), Hosts(tmp_path) as hosts:
        hosts.workspace = repository(tmp_path / "disk/workspace")
        run = hosts.start("head -c 2500000 /dev/urandom > big")
        said = hosts.over(run)
        assert end(said).outcome is Outcome.INTERRUPTED, said
        assert "No space left on device" in end(said).reason
        assert "what it left stays there" in end(said).reason

        said = hosts.run("echo x > new", earlier=(run,))
        assert end(said).outcome is Outcome.HELD, said
        assert "No space left on device" in end(said).reason
        assert (hosts.workspace / "big").exists()

        _grow(tmp_path / "disk")
        said = hosts.run("echo x > new", earlier=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [(away.run, away.files) for away in every(said, PutAway)] == [(run, 1)]


@needs_root
def test_a_disk_of_the_workspace_that_fills_up_fails_the_run_and_what_is_there_is_kept(
    tmp_path: Path,
) -> None:
    with _small(tmp_path / "disk"), Hosts(tmp_path) as hosts:
        hosts.workspace = repository(tmp_path / "disk/workspace")
        run = hosts.start("echo x > half; head -c 8M /dev/urandom > big")
        said = hosts.over(run)
        assert end(said).outcome is Outcome.FAILED
        assert "No space left on device" in end(said).reason
        assert "what it left stays there" in end(said).reason
        assert (hosts.workspace / "half").read_text() == "x\n"

        _grow(tmp_path / "disk")
        said = hosts.run("ls > listing", earlier=(run,))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        (away,) = every(said, PutAway)
        assert git(hosts.workspace, "show", f"{away.ref}:half") == "x\n"
        assert (hosts.workspace / "listing").read_text() == "kept.txt\nlisting\n"


@pytest.mark.parametrize("place", ["/tmp", "$HOME", "/dev/shm", "/var/tmp"])
def test_what_a_run_has_in_memory_ends_cleanly_at_its_limit(tmp_path: Path, place: str) -> None:
    path = weaker(tmp_path / "programs", size=str(1 << 20))
    script = f"head -c 1M /dev/zero > {place}/a; head -c 1K /dev/zero > {place}/b"
    with Hosts(tmp_path, path=path) as hosts:
        said = hosts.run(script)
        assert end(said).outcome is Outcome.FAILED
        assert "No space left on device" in end(said).reason
    with Hosts(tmp_path / "whole") as hosts:
        assert end(hosts.run(script)).outcome is Outcome.SUCCEEDED


def test_no_place_in_memory_is_without_a_limit_of_its_own(tmp_path: Path) -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    script = (
        "df --output=size,target -B1 -t tmpfs -t devtmpfs | tail -n +2; touch /dev/x || echo no"
    )
    with Hosts(tmp_path) as hosts:
        said = hosts.run(script)

        sizes = {line.split()[1]: int(line.split()[0]) for line in printed(said).splitlines()[:-1]}
        writable = {"/tmp", "/dev/shm", "/run/pm-agent/home"}
        assert writable <= set(sizes)
        for place in writable:
            assert sizes[place] - os.sysconf("SC_PAGE_SIZE") < total // 8  # whole pages
        assert printed(said).endswith("no\n"), "nothing else can be written"
