"""A real daemon on a disk that is full, cannot be written or breaks its word, and its real client."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerctl.exits import Exit
from pmrunnerd.main import CANNOT_START, DISK_FAILED
from tests.integration.daemon import READY_WITHIN, Daemon, environment, facts
from tests.integration.refusals import ctl, is_calm, is_refused
from tests.integration.test_house_life import OnAFailingDisk, skip_without_strace

PRIVATE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
# As large as a small journal and its surroundings, in a mount namespace that ends with the daemon.
MOUNTED = """
set -eu
mount -t tmpfs -o size=$1,mode=700 none "$2"
if [ -d "$2.kept" ]; then cp -a "$2.kept/." "$2/"; fi
if [ "$3" = ro ]; then mount -o remount,bind,ro "$2"; fi
shift 3
"$@" || status=$?
rm -rf "$STATE.kept" && cp -a "$STATE" "$STATE.kept"
exit ${status:-0}
"""


class OnASmallDisk(Daemon):
    """A daemon whose state lies on a tmpfs of its own; what it leaves there is in `kept`."""

    def __init__(self, state: Path, size: str, mode: str = "rw") -> None:
        super().__init__(state)
        # The disk is the daemon's alone; this is the one way in.
        self.socket = state.parent / "control.sock"
        self.kept = state.parent / "state.kept"
        self.script = ["env", f"STATE={state}", "sh", "-c", MOUNTED, "sh", size, str(state), mode]

    def argv(self) -> list[str]:
        return [*PRIVATE, *self.script, *super().argv(), f"--socket={self.socket}"]

    @property
    def disk(self) -> Path:
        """Where its disk is to be found from out here."""
        assert self._process is not None
        inside = self.state.relative_to("/")
        return Path(f"/proc/{self._process.pid}/root") / inside

    def ballast(self) -> Path:
        return self.disk / "ballast"

    def fill(self) -> None:
        """Leave not one page of room."""
        with self.ballast().open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)


def may_mount(directory: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    command = [*PRIVATE, "mount", "-t", "tmpfs", "none", str(directory)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    if not may_mount(made):
        pytest.skip("a private mount namespace is not allowed here")
    return made


@contextlib.contextmanager
def filled(state: Path) -> Iterator[OnASmallDisk]:
    """A daemon with a project and a few messages, and then no room any more."""
    daemon = OnASmallDisk(state, "2m")
    with daemon:
        daemon.add_project("cake", plan_approval="manual")
        for count in range(3):
            assert ctl(daemon, "chat", "send", "cake", f"message {count}").returncode == 0
        daemon.until("cake", lambda entry: entry.plan == "p3")
        daemon.fill()
        yield daemon


def messages(state: Path) -> list[str]:
    return [fact["text"] for fact in facts(state) if fact["fact"] == "message-posted"]


def test_a_full_disk_refuses_what_is_new_answers_what_is_known_and_goes_on_with_room(
    state: Path,
) -> None:
    large = b"#" * 100_000
    with filled(state) as daemon:
        # What status says is what is done: a page has room for so little, and it is not taken either.
        for text in (large, b"echo hello"):
            done = ctl(daemon, "chat", "send", "cake", "-", text=text, patience="0")
            is_refused(done, Exit.UNAVAILABLE, f"the disk of {state} is full: ")
        again = ctl(daemon, "chat", "send", "cake", "-", text=large, patience="1")
        is_refused(again, Exit.UNAVAILABLE, f"the disk of {state} is full: ")
        added = ctl(daemon, "project", "add", "other", str(state.parent), patience="0")
        is_refused(added, Exit.UNAVAILABLE, f"the disk of {state} is full: ")
        for verb in (["status"], ["chat", "history", "cake"], ["plan", "list"], ["inbox"]):
            looked = ctl(daemon, *verb)
            assert looked.returncode == 0, looked.stderr
        assert b"nothing new is accepted" in ctl(daemon, "status").stdout
        daemon.ballast().unlink()
        assert ctl(daemon, "chat", "send", "cake", "and now").returncode == 0
        assert b"nothing new is accepted" not in ctl(daemon, "status").stdout
    assert messages(daemon.kept) == ["message 0", "message 1", "message 2", "and now"]
    assert not (daemon.kept / "set-aside").exists(), "no half line was left"
    is_calm(daemon.log())


def test_a_daemon_that_is_started_on_a_full_disk_loses_nothing(state: Path) -> None:
    with filled(state) as daemon:
        pass
    assert messages(daemon.kept) == ["message 0", "message 1", "message 2"]
    with daemon:  # the ballast was kept too
        assert ctl(daemon, "chat", "history", "cake").returncode == 0
        done = ctl(daemon, "chat", "send", "cake", "-", text=b"#" * 100_000, patience="0")
        is_refused(done, Exit.UNAVAILABLE, f"the disk of {state} is full: ")
        daemon.ballast().unlink()
        assert ctl(daemon, "chat", "send", "cake", "and now").returncode == 0
    assert messages(daemon.kept) == ["message 0", "message 1", "message 2", "and now"]
    is_calm(daemon.log())


def test_a_read_only_disk_is_told_and_nothing_is_lost(state: Path) -> None:
    daemon = OnASmallDisk(state, "2m")
    with daemon:
        daemon.add_project("cake", plan_approval="manual")
        assert ctl(daemon, "chat", "send", "cake", "hello").returncode == 0
    before = (daemon.kept / "journal" / "00000001.jsonl").read_bytes()
    locked = OnASmallDisk(state, "2m", "ro")
    done = subprocess.run(
        locked.argv(),
        env=environment(daemon.home),
        capture_output=True,
        text=True,
        timeout=READY_WITHIN,
        check=False,
    )
    assert done.returncode in {CANNOT_START, DISK_FAILED}, done.stderr
    assert done.stderr.startswith("pmrunnerd: cannot open ")
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
    assert (daemon.kept / "journal" / "00000001.jsonl").read_bytes() == before
    with daemon:
        assert b"hello" in ctl(daemon, "chat", "history", "cake").stdout


def test_the_first_sync_that_fails_ends_the_daemon_and_the_client_is_not_told_yes(
    tmp_path: Path,
) -> None:
    skip_without_strace()
    state = tmp_path / "state"
    with Daemon(state) as healthy:
        healthy.add_project("cake", plan_approval="manual")
    daemon = OnAFailingDisk(state, failing=2)
    daemon.start()
    done = ctl(daemon, "chat", "send", "cake", "hello", patience="0")
    assert done.returncode in {Exit.UNAVAILABLE, Exit.UNREACHABLE}, done.stderr
    assert done.stderr.decode().startswith("pmrunnerctl: cannot ")
    assert b"Traceback" not in done.stderr
    assert daemon.wait() == DISK_FAILED, daemon.log()
    assert "Traceback" not in daemon.log()
    assert "pmrunnerd: cannot " in daemon.log()
    with healthy:
        # Nobody knows whether it is there; with it or without it, the state is whole.
        assert messages(state) in ([], ["hello"])
        assert ctl(healthy, "chat", "send", "cake", "again").returncode == 0
        assert messages(state)[-1] == "again"
