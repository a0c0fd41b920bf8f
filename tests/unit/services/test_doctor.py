import asyncio
import json
import os
import resource
import socket
import sys
import time
from pathlib import Path

from pmrunnerd.model.checkup import Check
from pmrunnerd.services.doctor import examine, within
from pmrunnerd.services.sandbox import Confinement
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.lock import Lock


def examined(state: Path, port: int = 0) -> dict[str, Check]:
    found = asyncio.run(examine(state, socket=state / "control.sock", port=port, unconfined=False))
    return {check.name: check for check in found.checks}


def test_a_state_that_is_not_there_is_looked_at_and_not_made(tmp_path: Path) -> None:
    found = examined(tmp_path / "deep" / "state")

    assert found["state"].state == "warning"
    assert found["disk"].state == "ok"
    assert not list(tmp_path.iterdir())


def test_a_port_that_another_process_has_is_named_with_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = examined(tmp_path, taken.getsockname()[1])["web port"]

    assert found.state == "problem"
    assert f"pid {os.getpid()}" in found.found


def test_who_holds_the_state_is_named_only_while_it_is_held(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock", at="2026-11-24T12:30:00.000Z", release="x", disk=Disk())
    try:
        held = examined(tmp_path)
    finally:
        lock.close()
    free = examined(tmp_path)

    assert f"pid {os.getpid()}" in held["daemon"].found
    assert "does not answer" in held["control socket"].found
    assert free["daemon"].found == "none has the state"


def test_a_clock_that_is_behind_the_journal_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    segment = tmp_path / "journal" / "1.jsonl"
    segment.write_text("")
    os.utime(segment, (time.time() + 3600,) * 2)

    assert examined(tmp_path)["clock"].state == "problem"


def test_a_lock_that_nobody_can_read_is_no_reason_to_give_up(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(json.dumps({"pid": "no number"}))

    assert examined(tmp_path)["daemon"].state == "ok"


def test_a_daemon_finds_its_own_limits_and_what_it_found_of_a_sandbox_when_it_started(
    tmp_path: Path,
) -> None:
    none = Confinement(ok=False, reason="no bwrap", hint="apt-get install bubblewrap")
    found = {check.name: check for check in within(tmp_path, "9.9", none, unconfined=True).checks}

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert found["open files"].found == f"at most {hard}, now {soft}"
    assert found["bubblewrap"].state == "warning"
    assert found["release"].found == f"9.9, by {sys.executable}"
    assert found.keys() == {
        *("release", "python", "bubblewrap", "state", "disk", "clock", "open files"),
    }
