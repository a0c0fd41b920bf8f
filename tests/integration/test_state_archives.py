"""`pmrunnerctl state backup` and `restore` with a real daemon, which goes on, and comes back."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from pmrunnerd.model import protocol as p
from pmrunnerd.takeover import alive
from tests.integration.daemon import Daemon, environment, facts

SLEEP = "```sh\necho begun\nsleep 600\n```"


def texts(state: Path) -> list[str]:
    return [fact["text"] for fact in facts(state) if fact["fact"] == "message-posted"]


class Writers:
    """Clients that each say one thing after the other, and remember what was acknowledged."""

    def __init__(self, daemon: Daemon, count: int) -> None:
        self.acknowledged: list[str] = []
        self._daemon = daemon
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def at_least(self, count: int) -> list[str]:
        """Wait until so much was acknowledged and return it."""
        while len(self.acknowledged) < count:
            self._stop.wait(0.01)
        return list(self.acknowledged)

    def _write(self, writer: int) -> None:
        with self._daemon.client() as client:
            for count in range(10**6):
                if self._stop.is_set():
                    return
                text = f"writer {writer} says {count}"
                client.call(p.ChatSend(project="demo", text=text))
                self.acknowledged.append(text)


def printed(daemon: Daemon, *words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.socket), *words],
        env=environment(daemon.home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=False,
    )


def test_a_backup_while_four_clients_write_holds_all_that_was_acknowledged_before(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "a.tar.gz"
    with Daemon(tmp_path / "state") as daemon, Daemon(tmp_path / "other") as other:
        # A plan for none of it: it must say yes first, and nobody does.
        daemon.add_project("demo", plan_approval="manual")
        with Writers(daemon, 4) as writers:
            before = writers.at_least(100)
            done = daemon.ctl("state", "backup", str(archive))
            during = writers.at_least(len(before) + 100)
        assert done.returncode == 0, done.stderr
        assert len(during) > len(before), "commits went on"
        restored = other.ctl("state", "restore", str(archive), "--patience", "20")
        assert restored.returncode == 0, restored.stderr
        said = texts(tmp_path / "state")
        found = texts(tmp_path / "other")

        assert set(before) <= set(found)
        assert found == said[: len(found)], "a prefix of what happened"


def test_a_backup_to_standard_output_is_the_archive_and_nothing_else(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon, Daemon(tmp_path / "other") as other:
        (tmp_path / "state" / "web.token").write_text("hush")
        daemon.add_project("demo")
        done = printed(daemon, "state", "backup", "-", "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stderr)
        assert {"name": "web.token", "why": "it is secret"} in told["excluded"]
        assert b"hush" not in done.stdout
        archive = tmp_path / "a.tar.gz"
        archive.write_bytes(done.stdout)
        assert other.ctl("state", "restore", str(archive)).returncode == 0
        assert other.ctl("project", "show", "demo").returncode == 0


def test_without_a_daemon_the_same_commands_do_the_same(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "state")
    with daemon:
        daemon.add_project("demo")
    done = printed(daemon, "state", "backup", "-", "--state-dir", str(daemon.state))
    assert done.returncode == 0, done.stderr
    assert b"not in it: lock" in done.stderr
    (tmp_path / "a").write_bytes(done.stdout)
    words = ("state", "restore", str(tmp_path / "a"), "--state-dir", str(daemon.state))
    again = daemon.ctl(*words)

    assert again.returncode == 0, again.stderr
    with daemon:
        assert daemon.ctl("project", "show", "demo").returncode == 0


def test_a_restore_parks_what_runs_and_whoever_waits_meets_the_restored_state(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "a.tar.gz"
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        daemon.say("demo", "```sh\necho one\n```")
        daemon.until_kind("demo", "complete")
        assert daemon.ctl("state", "backup", str(archive)).returncode == 0
        (tmp_path / "state" / "web.token").write_text("hush")
        daemon.say("demo", SLEEP)
        with daemon.client() as client:
            while not client.call(p.Status()).runs:
                pass
        pid = daemon.pid
        with Writers(daemon, 2) as writers:
            writers.at_least(4)
            done = daemon.ctl("state", "restore", str(archive), "--json")
            after = len(writers.acknowledged)
            writers.at_least(after + 10)
        kept = Path(json.loads(done.stdout)["kept"])

        assert done.returncode == 0, done.stderr
        assert daemon.pid == pid
        assert (tmp_path / "state" / "web.token").read_text() == "hush"
        assert SLEEP not in texts(tmp_path / "state")
        assert SLEEP in texts(kept)
        assert [f for f in facts(kept) if f["fact"] == "task-interrupted" and f["parked"]]
        everything = texts(tmp_path / "state") + texts(kept)
        assert set(writers.acknowledged) <= set(everything), "each is somewhere"
        assert daemon.ctl("state", "verify").returncode == 0
        done = daemon.ctl("state", "backup", str(tmp_path / "b.tar.gz"))
        assert done.returncode == 0
        assert "before-restore (a state that was set aside)" in done.stdout
        assert daemon.ctl("state", "restore", str(tmp_path / "b.tar.gz")).returncode == 0
        assert texts(tmp_path / "state")[0] == "```sh\necho one\n```"


def test_a_bad_archive_is_refused_and_the_daemon_does_not_even_leave(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("demo")
        assert daemon.ctl("state", "backup", str(archive)).returncode == 0
        data = archive.read_bytes()
        for bad in (b"", b"hello", data[:-20], data[: len(data) // 2]):
            archive.write_bytes(bad)
            done = daemon.ctl("state", "restore", str(archive))
            assert done.returncode == 4, done.stdout
            assert "cannot use the archive: " in done.stderr
        assert not (tmp_path / "state" / "restore").exists()
        assert daemon.ctl("project", "show", "demo").returncode == 0
        assert "leaving" not in daemon.log()


def test_killed_before_it_has_come_back_the_next_start_ends_what_runs_and_finishes(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "a.tar.gz"
    daemon = Daemon(tmp_path / "state")
    with daemon:
        daemon.add_project("demo")
        assert daemon.ctl("state", "backup", str(archive)).returncode == 0
        daemon.say("demo", SLEEP)
        with daemon.client() as client:
            while not client.call(p.RunList()).runs:
                pass
            client.call(p.StateUpload(upload="u", offset=0, data=archive.read_bytes()))
            # It takes its time to park what runs, and does not get it.
            found = client.call(p.StateRestore(upload="u"))
        daemon.kill()
        assert (tmp_path / "state" / "restore" / "READY").exists()
        assert alive(tmp_path / "state")
        daemon.start()
        assert daemon.ask(p.StateRestore(upload="u")) == found
        assert texts(tmp_path / "state") == []
        assert texts(Path(found.kept)) == [SLEEP]
        assert not alive(Path(found.kept))


def test_the_service_manager_is_told_that_we_are_ready_again_and_never_that_we_stop(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "a.tar.gz"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")
        manager.settimeout(20)
        address = "@" + manager.getsockname().removeprefix(b"\0").decode()
        daemon = Daemon(tmp_path / "state")
        daemon.state.mkdir()
        with subprocess.Popen(
            daemon.argv(),
            env=environment(tmp_path) | {"NOTIFY_SOCKET": address},
            stderr=subprocess.DEVNULL,
        ) as process:
            told = [manager.recv(4096)]
            assert daemon.ctl("state", "backup", str(archive)).returncode == 0
            assert daemon.ctl("state", "restore", str(archive)).returncode == 0
            while told.count(told[0]) < 2:  # until it is ready again
                told.append(manager.recv(4096))
            process.terminate()
            assert process.wait(20) == 0
            while told[-1] != b"STOPPING=1":
                told.append(manager.recv(4096))

    ready = b"READY=1\nSTATUS=environment test"
    # How it is going is said meanwhile.
    told = [said for said in told if not said.startswith(b"STATUS=test ")]
    assert told == [ready, b"STATUS=restoring a state", ready, b"STOPPING=1"]
