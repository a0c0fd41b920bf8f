"""A real daemon to test with: started, killed, started again, and asked through the real client."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pmrunnerctl.client import Client
from pmrunnerctl.where import Place
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v

READY_WITHIN = 180.0
# What a person's shell has and a daemon under test must not inherit.
FOREIGN = ("PMRUNNER_", "NOTIFY_", "LISTEN_", "JOURNAL_", "STATE_DIRECTORY", "GIT_")
# However little a machine has left that runs many tests at once, their runs begin.
AS_IF_EMPTY = {"PMRUNNER_RUNS_MEMORY": "0", "PMRUNNER_DISK_RESERVE": "0"}


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a fresh login, with a home directory of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    return kept | {"HOME": str(home), "LANG": "C.UTF-8"} | AS_IF_EMPTY


class Daemon:
    """One environment's daemon on a state directory; `with` starts it and leaves nothing behind."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.home = state.parent
        self.socket = state / "control.sock"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            self.start()
        # A stop parks what runs: no run host outlives its test.
        with self.client() as client:
            client.call(p.Stop())
        assert self._process is not None
        assert self._process.wait(30) == 0, self.log()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it has said that it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind("")  # the kernel chooses an abstract name
            manager.settimeout(0.2)
            address = "@" + manager.getsockname().removeprefix(b"\0").decode()
            self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self.state / "test.log").open("ab") as log:
                self._process = subprocess.Popen(
                    self.argv(),
                    env=environment(self.home) | {"NOTIFY_SOCKET": address},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            for _ in range(int(READY_WITHIN / 0.2)):
                if self._process.poll() is not None:
                    raise AssertionError(f"the daemon died:\n{self.log()}")
                try:
                    if manager.recv(4096).startswith(b"READY=1"):
                        return
                except TimeoutError:
                    continue
        raise AssertionError(f"the daemon is not ready:\n{self.log()}")

    def argv(self) -> list[str]:
        """Return the command line that starts it."""
        return [
            sys.executable,
            "-m",
            "pmrunnerd.main",
            "--env=test",
            f"--state-dir={self.state}",
            "--web-port=0",
            *self._options,
        ]

    def kill(self) -> None:
        """Take it away without a word, and be sure that it is gone."""
        assert self._process is not None
        self._process.kill()
        assert self._process.wait(30) == -signal.SIGKILL, self.log()
        self._process = None

    def terminate(self) -> int:
        """Ask it to leave as a service manager does; return its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(30)
        self._process = None
        return status

    def interrupt(self) -> int:
        """Ask it to leave as Ctrl-C does; return its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has left by itself; return its exit status."""
        assert self._process is not None
        status = self._process.wait(30)
        self._process = None
        return status

    def log(self) -> str:
        """Return what it said on standard error, all of its lives."""
        return (self.state / "test.log").read_text()

    @contextmanager
    def client(self, patience: float = 20.0) -> Iterator[Client]:
        """Talk to it, waiting for it while it restarts."""
        client = Client(Place(self.socket, ""), patience=patience, tell=lambda _: None)
        try:
            yield client
        finally:
            client.close()

    def ask(self, request: p.Request[Any]) -> Any:
        """Ask one thing."""
        with self.client() as client:
            return client.call(request)

    def ctl(self, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the real `pmrunnerctl`."""
        return subprocess.run(
            [sys.executable, "-m", "pmrunnerctl", "--socket", str(self.socket), *words],
            env=environment(self.home),
            input=text,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def add_project(self, alias: str, **settings: Any) -> Path:
        """Make a repository with one commit and make it a project."""
        path = a_repository(self.home / alias)
        self.ask(p.ProjectAdd(alias=alias, path=str(path), **settings))
        return path

    def say(self, alias: str, text: str) -> str:
        """Send a message and return its identifier."""
        return str(self.ask(p.ChatSend(project=alias, text=text)).id)

    def until(self, alias: str, reached: Callable[[v.Entry], bool]) -> v.Entry:
        """Follow a conversation from its beginning to the first entry that fits."""
        with self.client() as client:
            for entry in client.stream(p.ChatFollow(project=alias, since=0)):
                if reached(entry):
                    return entry
        raise AssertionError("the conversation ended")

    def until_kind(self, alias: str, kind: str, count: int = 1) -> v.Entry:
        """Follow a conversation to the n-th entry of a kind; what is said of plans does not count."""
        seen: list[v.Entry] = []

        def reached(entry: v.Entry) -> bool:
            if entry.kind == kind and (entry.task or kind in ("message", "plan")):
                seen.append(entry)
            assert kind == "error" or entry.kind != "error", entry.text
            return len(seen) == count

        return self.until(alias, reached)


def git(path: Path, *words: str) -> str:
    """Run git in a repository of ours, away from whatever this machine configures."""
    variables = environment(path.parent) | {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "anna",
        "GIT_AUTHOR_EMAIL": "anna@example.org",
        "GIT_COMMITTER_NAME": "anna",
        "GIT_COMMITTER_EMAIL": "anna@example.org",
    }
    done = subprocess.run(
        ["git", "-C", str(path), *words], env=variables, capture_output=True, text=True, check=True
    )
    return done.stdout


def a_repository(path: Path) -> Path:
    """Make a git repository with one empty commit on branch main."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    git(path, "commit", "-q", "--allow-empty", "-m", "start")
    return path


def facts(state: Path) -> list[dict[str, Any]]:
    """Return every fact of a state's journal, as any reader of JSON sees it.

    A daemon may be writing the last line.
    """
    found: list[dict[str, Any]] = []
    for segment in sorted((state / "journal").glob("*.jsonl")):
        *lines, _ = segment.read_text().split("\n")
        for line in lines:
            found += json.loads(line)[1]["facts"]
    return found
