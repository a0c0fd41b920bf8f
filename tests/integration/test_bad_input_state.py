"""What can become of a state between two daemons: told with file and line, nothing changed or lost."""

import contextlib
import shutil
import socket
import subprocess
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

import pytest

from pmrunnerctl.exits import Exit
from pmrunnerd.main import CANNOT_START
from pmrunnerd.store import lock
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.integration.daemon import READY_WITHIN, Daemon, environment, facts
from tests.integration.refusals import ctl, everything, is_calm, recorded
from tests.unit.store.parts import RELEASE, now, project, said

MESSAGES = 40


@pytest.fixture(params=["with caches", "journal alone"])
def segments(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Make a state of several segments of commits; return them in order."""
    store = Store(tmp_path / "state", now, release=RELEASE, segment_limit=2000)
    store.commit(project("w1"))
    for count in range(1, MESSAGES + 1):
        store.commit(said(count, project="w1", text=f"message {count}"))
        store.flush()
    store.close()
    if request.param == "journal alone":
        (tmp_path / "state" / "snapshot.json").unlink()
        shutil.rmtree(tmp_path / "state" / "history")
    found = sorted((tmp_path / "state" / "journal").glob("*.jsonl"))
    assert len(found) >= 4
    return found


def refused(state: Path) -> str:
    """Start a daemon that must not start; check that it says so well and left all as it was."""
    before = everything(state)
    done = subprocess.run(
        Daemon(state).argv(),
        env=environment(state.parent),
        capture_output=True,
        text=True,
        timeout=READY_WITHIN,
        check=False,
    )
    assert done.returncode == CANNOT_START, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "exception=" not in done.stderr
    first, hint = done.stderr.splitlines()[-2:]
    assert first.startswith("pmrunnerd: cannot "), done.stderr
    assert hint.startswith("  hint: ")
    assert everything(state) == before, "nothing was changed"
    return first


def test_a_state_that_has_no_place_for_runs_is_told_in_words(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Daemon(state):
        pass
    (state / "runs").rmdir()
    (state / "runs").write_text("not a directory")

    assert refused(state) == f"pmrunnerd: cannot make {state}/runs: File exists"


def texts(state: Path) -> list[str]:
    return [fact["text"] for fact in facts(state) if fact["fact"] == "message-posted"]


ALL = [f"message {count}" for count in range(1, MESSAGES + 1)]


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x04
    path.write_bytes(data)


def test_a_torn_tail_is_set_aside_and_everything_before_it_is_there(segments: list[Path]) -> None:
    last = segments[-1]
    state = last.parents[1]
    with last.open("ab") as file:
        file.write(b'["0123abcd",{"seq":99,"at":"20')
    with Daemon(state) as daemon:
        assert ctl(daemon, "status").returncode == 0
        assert texts(state) == ALL
        (aside,) = (path for path in (state / "set-aside").rglob("*") if path.is_file())
        assert b'{"seq":99' in aside.read_bytes()
        assert aside.name in daemon.log(), "it says where to"
        is_calm(daemon.log())


def test_a_flipped_bit_in_the_middle_is_refused_with_file_and_line(segments: list[Path]) -> None:
    middle = segments[1]
    lines = middle.read_bytes().splitlines(keepends=True)
    flip(middle, len(lines[0]) + len(lines[1]) // 2)
    said_ = refused(middle.parents[1])
    assert f"cannot read {middle}: line 2 does not match its checksum" in said_
    flip(middle, len(lines[0]) + len(lines[1]) // 2)
    with Daemon(middle.parents[1]):
        assert texts(middle.parents[1]) == ALL, "and with the bit put right nothing was lost"


@pytest.mark.parametrize("which", [0, 1, -1], ids=["first", "middle", "last"])
def test_a_missing_segment_is_refused(segments: list[Path], which: int) -> None:
    missing = segments[which]
    kept = missing.read_bytes()
    missing.unlink()
    said_ = refused(missing.parents[1])
    assert str(missing.parent) in said_
    missing.write_bytes(kept)
    with Daemon(missing.parents[1]):
        assert texts(missing.parents[1]) == ALL


@pytest.mark.parametrize("which", [0, 1, -1], ids=["first", "middle", "last"])
def test_a_segment_that_became_empty_is_never_an_empty_one(
    segments: list[Path], which: int
) -> None:
    emptied = segments[which]
    kept = emptied.read_bytes()
    emptied.write_bytes(b"")
    assert str(emptied.parent) in refused(emptied.parents[1])
    emptied.write_bytes(kept)
    with Daemon(emptied.parents[1]):
        assert texts(emptied.parents[1]) == ALL


def test_a_journal_that_is_gone_is_not_taken_for_a_new_one(segments: list[Path]) -> None:
    state = segments[0].parents[1]
    shutil.rmtree(state / "journal")
    assert "was durable" in refused(state)


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 512], ids=["empty", "torn", "zeros"])
def test_a_lock_file_that_says_nothing_keeps_nobody_out(
    segments: list[Path], content: bytes
) -> None:
    state = segments[0].parents[1]
    (state / "lock").write_bytes(content)
    with Daemon(state) as daemon:
        assert texts(state) == ALL
        _, holder = lock.read(Disk(), state / "lock")
        assert holder is not None
        assert holder.pid == daemon.pid
        is_calm(daemon.log())


@pytest.mark.parametrize("name", ["spec.json", "events.jsonl"])
def test_a_run_whose_files_became_empty_is_told_and_stops_nobody(tmp_path: Path, name: str) -> None:
    state = tmp_path / "state"
    with Daemon(state) as daemon:
        daemon.add_project("cake")
        daemon.say("cake", "echo hello > hello.txt")
        daemon.until("cake", lambda entry: entry.kind == "complete" and not entry.task)
    (run,) = (state / "runs").iterdir()
    (run / name).write_bytes(b"")
    before = recorded(state)
    with daemon:
        for verb in (("run", "show"), ("run", "logs")):
            done = ctl(daemon, *verb, run.name)
            assert done.returncode in {Exit.OK, Exit.NOT_FOUND}, done.stderr
            assert b"Traceback" not in done.stderr
        assert recorded(state) == before
        is_calm(daemon.log())


def test_a_run_whose_files_became_empty_while_no_daemon_was_there_is_done_again(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state"
    daemon = Daemon(state)
    with daemon:
        daemon.add_project("cake")
        daemon.say("cake", "sleep 1; echo hello > hello.txt")
        daemon.until("cake", lambda entry: entry.kind == "plan")
        while not any(fact["fact"] == "run-began" for fact in facts(state)):
            ctl(daemon, "status")
        daemon.kill()
        (run,) = (state / "runs").iterdir()
        (run / "events.jsonl").write_bytes(b"")
        daemon.start()
        daemon.until("cake", lambda entry: entry.kind in {"complete", "error"} and not entry.task)
        is_calm(daemon.log())


def test_an_empty_token_is_never_a_token(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "web.token").touch(mode=0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Daemon(state, f"--web-port={port}") as daemon:
        assert len((state / "web.token").read_text().strip()) >= 32
        for authorization in ("Bearer", "Bearer ", "Bearer  "):
            with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=20)) as asked:
                asked.request("GET", "/api/v1/status", headers={"Authorization": authorization})
                assert asked.getresponse().status == HTTPStatus.UNAUTHORIZED
        is_calm(daemon.log())


def test_a_second_daemon_on_the_same_state_says_who_has_it_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    with Daemon(tmp_path / "state") as first:
        first.add_project("cake", plan_approval="manual")
        first.say("cake", "echo hello")
        first.until("cake", lambda entry: entry.kind == "plan")
        before = recorded(first.state)
        for path in (first.socket, tmp_path / "other.sock"):
            second = subprocess.run(
                [*first.argv(), f"--socket={path}"],
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                timeout=READY_WITHIN,
                check=False,
            )
            assert second.returncode == CANNOT_START
            assert second.stderr.startswith(
                f"pmrunnerd: cannot open {first.state}: pid {first.pid} of "
            ), second.stderr
            assert second.stderr.splitlines()[-1] == "  hint: pmrunnerctl stop"
            assert "Traceback" not in second.stderr
        assert ctl(first, "status").returncode == 0
        assert recorded(first.state) == before
        assert not (tmp_path / "other.sock").exists()
