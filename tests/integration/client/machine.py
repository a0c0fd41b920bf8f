"""A machine that systemd has booted, with a journal, on which `pmrunnerctl` is typed."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT
from tests.integration.daemon import environment

PRIVATE: Final = [
    *("unshare", "--mount"),
    *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
]
# A machine that systemd has booted, with a journal that is root's. No process stands between us and
# what is started: signals, statuses and process numbers are its own. In a gate this checkout lies below /run, and stays there.
BOOTED: Final = """
set -eu
mount -t tmpfs none /var/log
mkdir /var/log/run
mount -t tmpfs none /var/log/run
if [ -d /run/gate ]; then
    mkdir /var/log/run/gate
    mount --rbind /run/gate /var/log/run/gate
fi
mount --rbind /var/log/run /run
mkdir -p /run/systemd/system /run/fakes /run/log/journal/machine
(umask 077 && : > /run/log/journal/machine/system.journal)
cp "$FAKES"/* /run/fakes
exec "$@"
"""
# What lives longer than this, in seconds, was left behind.
SOON: Final = 60.0


class Machine:
    """A machine with systemd, on which `pmrunnerctl` is typed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = home / "journal"
        self.journal.write_text("first\nsecond\nthird\n")
        self.fakes = home / "fakes"
        self.fakes.mkdir()
        for name in ("journalctl", "systemctl"):
            shutil.copy(ROOT / "tests/fakes" / name, self.fakes)

    @contextlib.contextmanager
    def typed(
        self,
        *words: str,
        program: tuple[str, ...] = ("-m", "pmrunnerctl"),
        terminal: int | None = None,
        main_pid: int = 0,
    ) -> Iterator["subprocess.Popen[str]"]:
        """Type a command: into pipes, or on a terminal of its own."""
        own = [] if terminal is None else ["setsid", "--ctty"]
        argv = [*PRIVATE, "sh", "-c", BOOTED, "sh", *own, sys.executable, *program, *words]
        streams = subprocess.PIPE if terminal is None else terminal
        variables = {
            "PATH": f"/run/fakes:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "FAKES": str(self.fakes),
            "JOURNAL": str(self.journal),
            "MAINPID": str(main_pid),
        }
        with subprocess.Popen(
            argv,
            cwd=self.home,
            env=environment(self.home) | variables,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=streams,
            stderr=streams,
            text=True,
        ) as running:
            try:
                yield running
            finally:
                running.kill()

    def run(self, *words: str) -> tuple[int, str, str]:
        """Type a command and return its status, what it printed and what it said about it."""
        with self.typed("--env", "prod", *words) as running:
            out, err = running.communicate(timeout=60)
        return running.returncode, out, err

    def asked(self) -> list[str]:
        """Return the words that journalctl was called with."""
        return Path(f"{self.journal}.words").read_text().split()

    def is_left(self) -> bool:
        """Tell whether a journalctl stays when the client has gone."""
        pid = int(Path(f"{self.journal}.pid").read_text())
        until = time.monotonic() + SOON
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > until:
                return True
            time.sleep(0.01)
        return False
