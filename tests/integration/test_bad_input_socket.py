"""No permission on the control socket: a stranger, the real client, and what it is told."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pmrunnerctl.exits import Exit
from tests.house.tree import ROOT
from tests.integration.daemon import Daemon, environment
from tests.integration.refusals import ctl, is_calm, is_refused


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("mode", [0o600, 0o666], ids=["by the file", "by the door"])
def test_no_permission_on_the_socket_is_told_with_what_to_do(mode: int) -> None:
    # The directories of a test are root's alone.
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        with Daemon(home / "state") as daemon:
            daemon.state.chmod(0o755)
            daemon.socket.chmod(mode)
            done = subprocess.run(
                [sys.executable, "-c", AS_A_STRANGER, "status"],
                env=environment(home)
                | {"PYTHONPATH": str(ROOT), "PMRUNNER_SOCKET": str(daemon.socket)},
                capture_output=True,
                timeout=60,
                check=False,
            )
            is_refused(done, Exit.FORBIDDEN, "permission denied" if mode == 0o600 else "uid 45678")
            assert ctl(daemon, "status").returncode == 0
            is_calm(daemon.log())


# What it needs is imported as root: a stranger need not be able to read this checkout.
AS_A_STRANGER = """
import os, pkgutil, sys, importlib
import pmrunnerctl, encodings.idna
for module in pkgutil.iter_modules(pmrunnerctl.__path__, "pmrunnerctl."):
    importlib.import_module(module.name)
from pmrunnerctl.__main__ import main
os.setgroups([])
os.setgid(45678)
os.setuid(45678)
main()
"""
