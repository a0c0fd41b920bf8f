"""A daemon that only speaks, a screen that is kept, and the client called as its users call it."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
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
def ctl(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str]) -> Ctl:
    """Run pmrunnerctl in this process against the daemon."""

    def run(*words: str, patience: str = "0") -> Ended:
        status = cli.run(["--socket", str(daemon.path), "--wait", patience, *words])
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return run


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
