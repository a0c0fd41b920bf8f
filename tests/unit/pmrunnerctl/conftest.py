"""A daemon that only speaks, a screen that is kept, and the client called as its users call it."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from pmrunnerctl import cli
from pmrunnerctl.render import Screen
from tests.fakes.daemon import FakeDaemon

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 24, 11, 33, 5, tzinfo=UTC)


class Ended(NamedTuple):
    status: int
    out: str
    err: str


class Ctl(Protocol):
    def __call__(self, *words: str, patience: str = "0") -> Ended: ...


class Paper(Screen):
    """A screen whose text can be read back."""

    def __init__(self, columns: int | None = None, *, colour: bool = False) -> None:
        self.kept = io.StringIO()
        super().__init__(self.kept, colour=colour, columns=columns, now=NOW, zone=UTC)

    @property
    def text(self) -> str:
        return self.kept.getvalue()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(tmp_path / "control.sock") as serving:
        yield serving


@pytest.fixture
def ctl(
    daemon: FakeDaemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ctl:
    """Run pmrunnerctl in this process against the daemon that a person's shell means."""
    monkeypatch.setenv("PMRUNNER_SOCKET", str(daemon.path))

    def run(*words: str, patience: str = "0") -> Ended:
        status = cli.run(["--wait", patience, *words])
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return run


@pytest.fixture
def installed(tmp_path: Path) -> Iterator["Installed"]:
    made = Installed(tmp_path)
    yield made
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(made.pid(), signal.SIGKILL)


@pytest.fixture
def paper() -> Paper:
    return Paper()


def environment(**other: str) -> dict[str, str]:
    """Return what a process of the client finds around it: nothing of ours but the code."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **other,
    }


def program(*words: str, **other: str) -> "subprocess.Popen[bytes]":
    """Start the client as a process of its own, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "pmrunnerctl", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**other),
    )


class Installed:
    """A client and a daemon that only speaks, side by side as they are installed."""

    def __init__(self, directory: Path) -> None:
        self._bin = directory / ".venv" / "bin"
        self._bin.mkdir(parents=True)
        self.state = directory / "state"
        self.here = directory
        for name, module in (
            ("pmrunnerctl", "pmrunnerctl.__main__"),
            ("pmrunnerd", "tests.fakes.pmrunnerd"),
        ):
            script = self._bin / name
            script.write_text(
                f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
                f"from {module} import main\nmain()\n"
            )
            script.chmod(0o755)

    def ctl(
        self, *words: str, here: Path | None = None, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self._bin / "pmrunnerctl", *words],
            cwd=here or self.here,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environment(**variables),
        )

    def pid(self) -> int:
        return int((self.state / "pid").read_text())

    def told(self) -> list[str]:
        found: list[str] = json.loads((self.state / "arguments").read_text())
        return found
