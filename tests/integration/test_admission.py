"""No more runs begin than there is room for, or than a person wants, and everybody is told why."""

import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import TaskState
from tests.integration.daemon import Daemon, environment
from tests.integration.test_bad_input_disk import PRIVATE, OnASmallDisk
from tests.unit.services.parts import needs_sandbox

CTL = [sys.executable, "-m", "pmrunnerctl", "--socket"]
ENDLESS = "touch .git/on; while [ ! -e .git/go ]; do sleep 0.02; done"


def the_task(daemon: Daemon, name: str = "t1") -> tuple[TaskState, str]:
    """Return where a task is, and why it waits."""
    view = daemon.ask(p.TaskShow(task=name))
    return view.task.state, view.waits


def until_running(daemon: Daemon, path: Path) -> None:
    """Return once the script of a project is at work."""
    with daemon.client() as client:
        for _ in client.stream(p.Events(follow=True)):
            if client.call(p.Status()).runs:
                break
    subprocess.run(
        ["sh", "-c", f"until [ -e {path}/.git/on ]; do sleep 0.02; done"], timeout=60, check=True
    )


def test_a_task_waits_for_memory_and_everybody_is_told_which(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state", f"--runs-memory={1 << 50}") as daemon:
        daemon.add_project("cake")
        daemon.say("cake", "true")
        daemon.until("cake", lambda entry: entry.kind == "plan")

        state, waits = the_task(daemon)
        assert state is TaskState.QUEUED
        assert waits.endswith("a run begins with 1024 TiB (runs.memory)")
        for words in (("status",), ("task", "list"), ("project", "show", "cake")):
            assert "(runs.memory)" in daemon.ctl(*words).stdout
        assert daemon.ask(p.RunList()).runs == ()


@needs_sandbox
def test_a_run_that_fills_the_disk_says_so_and_its_task_waits_for_room(tmp_path: Path) -> None:
    class Unreserved(OnASmallDisk):
        def argv(self) -> list[str]:
            return [*super().argv(), "--disk-reserve=0"]

    with Unreserved(tmp_path / "state", "8m") as daemon:
        path = daemon.add_project("cake")
        with daemon.ballast().open("wb") as ballast:
            ballast.write(bytes(2 << 20))
        daemon.say("cake", "mkdir .git/first && seq 2000000; touch baked")
        said = daemon.until_kind("cake", "interrupted").text
        assert "no space left on " in said or f"the disk of {daemon.state}" in said

        state, waits = the_task(daemon)
        assert state is TaskState.QUEUED
        assert waits.startswith("the disk of the state is full: ")
        assert "nothing new is accepted" in daemon.ctl("status").stdout
        assert len(daemon.ask(p.RunList()).runs) == 1, "no run begins where it could not be told of"

        daemon.ballast().unlink()
        daemon.until("cake", lambda entry: entry.kind == "complete" and bool(entry.task))
        assert (path / "baked").exists()


def test_what_waited_for_room_begins_by_itself_once_there_is_some(tmp_path: Path) -> None:
    class Roomier(OnASmallDisk):
        def argv(self) -> list[str]:
            return [*super().argv(), f"--disk-reserve={20 << 20}"]

    with Roomier(tmp_path / "state", "16m") as daemon:
        path = daemon.add_project("cake")
        daemon.say("cake", "touch baked")
        daemon.until("cake", lambda entry: entry.kind == "plan")
        assert "and 20 MiB are kept (disk.reserve)" in the_task(daemon)[1]

        enter = ["nsenter", f"--target={daemon.pid}", "--mount", "--user"]
        grow = ["mount", "-o", "remount,size=64m", str(daemon.state)]
        subprocess.run([*enter[: 3 if PRIVATE[-1] == "--mount" else 4], *grow], check=True)
        daemon.until_kind("cake", "complete")
        assert (path / "baked").exists()


def test_a_drain_lets_runs_end_and_none_begin_even_after_a_crash(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        path = daemon.add_project("cake")
        daemon.say("cake", ENDLESS)
        until_running(daemon, path)
        with subprocess.Popen(
            [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.socket), "drain"],
            env=environment(daemon.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as draining:
            assert draining.stderr is not None
            assert draining.stderr.readline() == "no more runs begin; one run is under way\n"
            daemon.say("cake", "touch second")
            daemon.kill()
            daemon.start()
            (path / ".git/go").touch()
            out, err = draining.communicate(timeout=60)
        assert (draining.returncode, out.splitlines()[0]) == (
            0,
            "drained: no run is under way, and none begins",
        ), err
        assert the_task(daemon, "t1")[0] is TaskState.COMPLETE
        state, waits = the_task(daemon, "t2")
        assert state is TaskState.QUEUED
        assert waits.startswith("the daemon drains, as ")
        assert waits.endswith(" asked: pmrunnerctl drain --end")
        end_it = f"pmrunnerctl --socket {daemon.socket} drain --end"
        assert end_it in daemon.ctl("status").stdout

        assert daemon.ctl("drain", "--end").returncode == 0
        daemon.until_kind("cake", "complete", 2)
        assert (path / "second").exists()


def test_who_waits_for_a_message_is_told_what_it_waits_for_while_it_does(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state", "--runs-slots=1") as daemon:
        path = daemon.add_project("cake")
        daemon.add_project("tea")
        daemon.say("cake", ENDLESS)
        until_running(daemon, path)
        with subprocess.Popen(
            [*CTL, str(daemon.socket), "chat", "send", "--wait", "tea", "true"],
            env=environment(daemon.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as waiting:
            assert waiting.stderr is not None
            assert waiting.stderr.readline() == "task t2 waits: all 1 slots are taken\n"
            assert daemon.ctl("drain", "--no-wait").returncode == 0
            said = waiting.stderr.readline()
            assert said.startswith("task t2 waits: the daemon drains, as ")
            assert "pmrunnerctl --socket " in said, "it can be pasted"
            # The drain is what lasts: it is said although the slot is taken, too.
            assert the_task(daemon, "t2")[1].startswith("the daemon drains")
            (path / ".git/go").touch()
            assert daemon.ctl("drain", "--end").returncode == 0
            assert waiting.wait(60) == 0
            assert waiting.stderr.read() == ""


@pytest.mark.parametrize("leaves", ["stop", "SIGTERM"])
def test_a_drain_is_over_once_the_daemon_has_left_in_good_order(
    tmp_path: Path, leaves: str
) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("cake")
        assert daemon.ctl("drain").returncode == 0
        daemon.say("cake", "touch baked")
        if leaves == "stop":
            daemon.ask(p.Stop())
            assert daemon.wait() == 0
        else:
            assert daemon.terminate() == 0
        daemon.start()
        daemon.until_kind("cake", "complete")
