import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.errand import Confinement
from pmrunnerd.model.settings import Settings
from pmrunnerd.services.doctor import examine
from pmrunnerd.services.standpoint import within
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.lock import Lock
from tests.house.tree import ROOT


def examined(state: Path, port: int = 0) -> dict[str, Check]:
    settings = Settings(disk_reserve=1 << 20)  # what a small disk has, too
    found = asyncio.run(examine(state, socket=state / "control.sock", port=port, settings=settings))
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
    no_time = {"pid": 1, "by": "a", "at": "2O26", "release": "0"}
    for said in (b'{"pid": "no number"}', b"\xb1", b"\0" * 512, json.dumps(no_time).encode()):
        (tmp_path / "lock").write_bytes(said)

        assert examined(tmp_path)["daemon"].state == "ok"


def test_claude_code_is_looked_at_and_what_no_project_needs_is_no_problem(tmp_path: Path) -> None:
    assert examined(tmp_path)["claude login"].state == "warning"
    used = examine(
        tmp_path, socket=tmp_path / "control.sock", port=0, settings=Settings(), uses=True
    )
    found = {check.name: check for check in asyncio.run(used).checks}
    assert found["claude login"].state == "problem"
    assert found["claude"].state == "ok"


def test_a_daemon_finds_its_own_limits_and_what_it_found_of_a_sandbox_when_it_started(
    tmp_path: Path,
) -> None:
    none = Confinement(ok=False, reason="no bwrap", hint="sudo apt-get install bubblewrap")
    found = {check.name: check for check in within(tmp_path, "9.9", none, unconfined=True).checks}

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert found["open files"].found == f"at most {hard}, now {soft}"
    assert found["bubblewrap"].state == "warning"
    assert found["release"].found == f"9.9, by {sys.executable}"
    assert found.keys() == {
        *("release", "python", "bubblewrap", "state", "disk", "clock", "open files"),
    }


# What it needs is imported as root: a stranger need not be able to read this checkout.
AS_A_STRANGER = """
import asyncio, concurrent.futures.thread, os, sys, msgspec
from pathlib import Path
from pmrunnerd.model.settings import Settings
from pmrunnerd.services.doctor import examine
state, told = Path(sys.argv[1]), int(sys.argv[2]) or None
os.setgroups([])
os.setgid(45678)
os.setuid(45678)
found = examine(state, socket=state.parent / "control.sock", port=0, settings=Settings(), told=told)
print(msgspec.json.encode(asyncio.run(found)).decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_operator_who_may_not_look_into_the_state_sees_what_the_daemon_says_of_it() -> None:
    def seen(told: int) -> dict[str, dict[str, str]]:
        done = subprocess.run(
            [sys.executable, "-c", AS_A_STRANGER, str(home / "state"), str(told)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd="/",
            capture_output=True,
            check=True,
        )
        return {check["name"]: check for check in json.loads(done.stdout)["checks"]}

    # The directories of a test are root's alone.
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as answering:
        home = Path(name)
        home.chmod(0o755)
        (home / "state" / "journal").mkdir(parents=True)
        (home / "state").chmod(0o700)
        answering.bind(str(home / "control.sock"))
        answering.listen()
        (home / "control.sock").chmod(0o666)
        alone, told = seen(0), seen(os.getpid())

    assert alone["state"]["state"] == "problem"
    assert told["state"]["found"].endswith("mode 700 of user root")
    assert told["daemon"]["found"] == f"pid {os.getpid()} says so"
    assert {told[name]["state"] for name in ("state", "daemon", "control socket")} == {"ok"}
