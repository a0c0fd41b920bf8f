"""Who follows while a state is restored is told so, and shown what is new: nothing is left out."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.integration.daemon import Daemon, environment

NOTE = "the state was restored; going on from commit "


class Follower:
    """A `pmrunnerctl` that follows; what it prints and what it says beside it can be read on."""

    def __init__(self, daemon: Daemon, *words: str) -> None:
        self._out = daemon.home / f"{words[0]}.out"
        self._err = daemon.home / f"{words[0]}.err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.socket), *words],
                env=environment(daemon.home),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def until(self, text: str) -> None:
        """Wait until it printed something."""
        while text not in self.out:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self.process.wait(0.02)
                raise AssertionError(f"it ended with {status}: {self.err}")

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def following(daemon: Daemon, *words: str) -> Iterator[Follower]:
    follower = Follower(daemon, *words)
    try:
        yield follower
    finally:
        follower.process.kill()
        follower.process.wait()


def restored(daemon: Daemon, archive: Path) -> None:
    done = daemon.ctl("state", "restore", str(archive))
    assert done.returncode == 0, done.stderr


def backed_up(daemon: Daemon) -> Path:
    archive = daemon.home / "a.tar.gz"
    assert daemon.ctl("state", "backup", str(archive)).returncode == 0
    return archive


def test_followers_are_told_of_a_restore_and_shown_what_is_said_after_it(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("cake", plan_approval="manual")
        archive = backed_up(daemon)
        daemon.say("cake", "echo before")
        with (
            following(daemon, "chat", "follow", "cake") as chat,
            following(daemon, "events", "-f") as events,
        ):
            chat.until("echo before")
            events.until("echo before")
            restored(daemon, archive)
            daemon.say("cake", "echo after")
            chat.until("echo after")
            events.until("echo after")

            assert chat.err.count(NOTE) == events.err.count(NOTE) == 1
            assert "state-restored" in events.out


def test_who_was_stopped_meanwhile_misses_nothing_of_what_was_said_after(tmp_path: Path) -> None:
    texts = [f"echo after {count}" for count in range(1, 8)]
    with Daemon(tmp_path / "state") as daemon:
        daemon.add_project("cake", plan_approval="manual")
        archive = backed_up(daemon)
        for count in range(4):
            daemon.say("cake", f"echo before {count}")
        with (
            following(daemon, "chat", "follow", "cake") as chat,
            following(daemon, "events", "-f") as events,
        ):
            for follower in (chat, events):
                follower.until("echo before 3")
                follower.pause()
            restored(daemon, archive)
            for text in texts:
                daemon.say("cake", text)
            for follower in (chat, events):
                follower.resume()
                follower.until(texts[-1])

                assert [text for text in texts if text not in follower.out] == []
                assert follower.err.count(NOTE) == 1
