"""What every refusal owes: the reason in one line, an honest status, and nothing changed or broken."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.daemon import Daemon, environment, facts
from tests.integration.logs import parse

# What a daemon records of itself, whatever it is asked.
OF_ITSELF = {"daemon-started", "daemon-stopped"}


def ctl(
    daemon: Daemon, *words: str | bytes, text: bytes = b"", patience: str = "10"
) -> subprocess.CompletedProcess[bytes]:
    """Run the real `pmrunnerctl` with bytes, as a shell does."""
    argv: list[str | bytes] = [sys.executable, "-m", "pmrunnerctl", "--wait", patience]
    return subprocess.run(
        [*argv, *words],
        env=environment(daemon.home) | {"PMRUNNER_SOCKET": str(daemon.socket)},
        input=text,
        capture_output=True,
        timeout=90,
        check=False,
    )


def is_refused(
    done: subprocess.CompletedProcess[bytes], status: int, why: str, hint: str | None = None
) -> None:
    """Check what a client said: `cannot X: why`, a hint where one is expected, its own status."""
    said = done.stderr.decode()
    assert done.returncode == status, said
    assert done.stdout == b""
    assert "Traceback" not in said
    first, *rest = said.splitlines()
    assert first.startswith("pmrunnerctl: cannot "), said
    assert why in first, said
    assert len(first) < 1000, "a refusal is read by a person"
    assert hint is None or rest[-1].strip() == f"hint: {hint}", said


def recorded(state: Path) -> list[dict[str, Any]]:
    """Return the facts of a state, without what its daemon says of itself."""
    return [fact for fact in facts(state) if fact["fact"] not in OF_ITSELF]


def is_calm(log: str) -> None:
    """Check a daemon's log: whole lines, no traceback, nothing that it takes for a bug."""
    assert "Traceback" not in log
    lines = [parse(line) for line in log.splitlines() if not line.startswith(("<3>", "pmrunnerd:"))]
    assert [line for line in lines if line.get("level") in {"error", "critical"}] == []


def everything(state: Path) -> dict[str, bytes]:
    """Return all that a state holds, but for the lock, which says who came."""
    paths = (path for path in sorted(state.rglob("*")) if path.is_file() and path.name != "lock")
    return {os.fspath(path.relative_to(state)): path.read_bytes() for path in paths}
