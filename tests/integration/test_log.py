"""What an operator finds in the log of a real daemon: every fact, in order, and nobody's words."""

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerctl.client import Client
from pmrunnerctl.where import Place
from pmrunnerd.chronicle import MOST_BEHIND
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanApproval
from tests.integration.daemon import Daemon, a_repository, environment, facts
from tests.integration.logs import events, parse

SESAME = "sesame-open-9173"
CAKE = f"""Bake it, {SESAME}.

```sh name=dough
# the {SESAME} dough
echo {SESAME}
pm-ask "Is {SESAME} right?" yes no
```

```sh name=oven
echo {SESAME} >&2; exit 3
```
"""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """A daemon under a manager that has seen one project, a question, an answer and a failure."""
    daemon = Daemon(tmp_path_factory.mktemp("story") / "state")
    with daemon:
        daemon.add_project("cake")
        daemon.say("cake", CAKE)
        daemon.until_kind("cake", "error")
        daemon.until("cake", lambda entry: entry.kind == "question")
        daemon.ask(p.Answer(question="q1", text=f"no, {SESAME}"))
        daemon.until("cake", lambda entry: entry.kind == "error" and not entry.task)
        daemon.ask(p.ProjectSet(project="cake", bootstrap_prompt=SESAME))
    return daemon


def test_every_fact_is_one_line_in_the_order_of_the_journal(story: Daemon) -> None:
    names = {fact["fact"] for fact in facts(story.state)}
    told = [line["event"] for line in events(story.log()) if line["event"] in names]
    assert told == [fact["fact"] for fact in facts(story.state)]
    commits = [int(line["commit"]) for line in events(story.log()) if "commit" in line]
    assert commits == sorted(commits)
    assert commits[0] == 1


def test_ready_is_said_after_what_was_durable_before_it(story: Daemon) -> None:
    names = [line.get("event") for line in events(story.log())]

    assert names.index("daemon-started") < names.index("ready")


def test_a_line_names_the_thing_and_what_became_of_it(story: Daemon) -> None:
    (failed,) = (line for line in events(story.log()) if line["event"] == "task-failed")
    assert failed["project"] == "cake"
    assert failed["task"] == "t2"
    assert failed["reason"] == "exit status 3", "and not the output that follows it"
    (asked,) = (line for line in events(story.log()) if line["event"] == "task-asked")
    assert asked["questions"] == "q1"
    (changed,) = (line for line in events(story.log()) if line["event"] == "project-changed")
    assert changed["changed"] == "bootstrap_prompt"


def test_nobody_s_words_are_in_the_log(story: Daemon) -> None:
    assert SESAME in str(facts(story.state)), "the journal has them"
    assert SESAME not in story.log()


def test_under_a_manager_each_line_begins_with_the_priority_of_its_level(story: Daemon) -> None:
    priority = {"info": "6", "warning": "4", "error": "3", "critical": "2"}
    lines = [parse(line) for line in story.log().splitlines()]
    assert all(line["priority"] == priority[line["level"]] for line in lines), story.log()
    ended = {line["outcome"]: line["level"] for line in lines if line.get("event") == "run-ended"}
    assert ended == {"failed": "warning", "asked": "info", "succeeded": "info"}
    assert {line["level"] for line in lines if line.get("event") == "task-failed"} == {"warning"}


def test_a_refused_start_is_an_error_to_the_manager(story: Daemon, tmp_path: Path) -> None:
    with story:
        argv = [*story.argv(), f"--socket={tmp_path / 's'}"]
        second = started(argv, tmp_path, JOURNAL_STREAM="8:1")
        assert second.wait(30) == 1
        assert second.stderr is not None
        said = second.stderr.read().decode()
        second.stderr.close()
    assert said.startswith("<3>pmrunnerd: cannot open ")
    assert all(line.startswith("<3>") for line in said.splitlines())


def started(
    argv: list[str], home: Path, stderr: int = subprocess.PIPE, **given: str
) -> subprocess.Popen[bytes]:
    (home / "state").mkdir(mode=0o700, exist_ok=True)
    return subprocess.Popen(
        argv, env=environment(home) | given, stdin=subprocess.DEVNULL, stderr=stderr
    )


@contextlib.contextmanager
def client(state: Path) -> Iterator[Client]:
    one = Client(Place(state / "control.sock", ""), patience=30, tell=lambda _: None)
    try:
        yield one
    finally:
        one.close()


def full_pipe() -> tuple[int, int]:
    """Return a pipe into which not one byte more fits, and whose writers wait."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"\n" * 4096)
    os.set_blocking(write, True)
    return read, write


def test_a_standard_error_that_nobody_reads_stops_nobody_and_is_told_of_what_it_missed(
    tmp_path: Path,
) -> None:
    read, write = full_pipe()
    daemon = started(Daemon(tmp_path / "state").argv(), tmp_path, write)
    os.close(write)
    try:
        with client(tmp_path / "state") as one:
            path = a_repository(tmp_path / "cake")
            one.call(p.ProjectAdd(alias="cake", path=str(path), plan_approval=PlanApproval.MANUAL))
            for count in range(MOST_BEHIND + 50):
                one.call(p.ChatSend(project="cake", text=f"message {count}"))
            said = read_until(read, "event=skipped")
            skipped = next(line for line in events(said) if line["event"] == "skipped")
            assert int(skipped["count"]) > MOST_BEHIND
            since = int(skipped["hint"].removeprefix("pmrunnerctl events --since "))
            told = [int(line["commit"]) for line in events(said) if "commit" in line]
            assert told == list(range(1, since + 1)), "each commit before the gap"
            one.call(p.ChatSend(project="cake", text="and on it goes"))
            said = read_until(read, "event=message-posted", f"message=m{MOST_BEHIND + 51}")
            one.call(p.Stop())
        assert daemon.wait(30) == 0
    finally:
        os.close(read)
        daemon.kill()
        daemon.wait()


def read_until(pipe: int, *words: str) -> str:
    """Read a pipe until a line holds all the words; return the lines without the filling."""
    said = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        said += os.read(pipe, 65536)
        lines = [
            line for line in said.decode(errors="replace").splitlines(keepends=True) if line.strip()
        ]
        if any(all(word in line for word in words) and line.endswith("\n") for line in lines):
            return "".join(line for line in lines if line.endswith("\n"))
    raise AssertionError(f"never read {words}: {said[-2000:]!r}")


def test_a_daemon_whose_standard_error_is_never_read_leaves_when_it_is_told(tmp_path: Path) -> None:
    read, write = full_pipe()
    daemon = started(Daemon(tmp_path / "state").argv(), tmp_path, write)
    os.close(write)
    try:
        with client(tmp_path / "state") as one:
            one.call(p.Stop())
        assert daemon.wait(30) == 0
    finally:
        os.close(read)
        daemon.kill()
        daemon.wait()
    assert [fact["fact"] for fact in facts(tmp_path / "state")][-1] == "daemon-stopped"


@pytest.mark.parametrize("how", ["reader gone", "closed"])
def test_a_standard_error_that_is_gone_stops_nobody(tmp_path: Path, how: str) -> None:
    argv = Daemon(tmp_path / "state").argv()
    read, write = os.pipe()
    os.close(read)
    if how == "closed":
        argv = ["sh", "-c", 'exec "$@" 2>&-', "sh", *argv]
    daemon = started(argv, tmp_path, write)
    os.close(write)
    try:
        with client(tmp_path / "state") as one:
            assert one.call(p.Status()).pid == daemon.pid
            assert one.call(p.ProjectList()).projects == ()
            # Number 2 is free: the first file that was opened must not have become the log.
            held = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
            assert [file for file in held if b"level=" in file.read_bytes()] == []
            one.call(p.Stop())
        assert daemon.wait(30) == 0
    finally:
        daemon.kill()
        daemon.wait()
    assert [fact["fact"] for fact in facts(tmp_path / "state")] == [
        "daemon-started",
        "daemon-stopped",
    ], "and nothing but facts is in the journal"


def test_a_client_that_is_refused_leaves_a_warning(story: Daemon) -> None:
    with story, socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(story.socket))
        stranger.sendall(b"\0\0\0\x04GET ")
        while stranger.recv(4096):
            pass
    refused = [line for line in events(story.log()) if line["event"] == "connection-refused"]
    assert [(line["level"], line["code"]) for line in refused] == [("warning", "bad-request")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_stranger_who_is_let_in_by_nobody_leaves_a_warning(story: Daemon) -> None:
    visit = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); os.chdir(sys.argv[1]);"
        "os.setgroups([]); os.setgid(45678); os.setuid(45678); s.connect('control.sock');"
        "sys.stdout.buffer.write(s.recv(4096))"
    )
    with story:
        for directory in (story.state, *story.state.parents[:2]):
            directory.chmod(0o755)
        story.socket.chmod(0o666)
        done = subprocess.run(
            [sys.executable, "-c", visit, str(story.state)], capture_output=True, check=True
        )
        story.state.chmod(0o700)
    assert b"cannot let uid 45678 in" in done.stdout
    refused = [line for line in events(story.log()) if line["event"] == "connection-refused"]
    assert refused[-1]["code"] == "forbidden"
    assert "uid 45678" in refused[-1]["reason"]
