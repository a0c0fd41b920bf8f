import os
import subprocess
import sys
from pathlib import Path

from pmrunnerd.services import procfs
from tests.unit.services.parts import eventually

# The child of a child, in a session of its own, with a name that looks like the fields behind it.
BURN = "import time; x = bytearray(50_000_000)\nwhile time.process_time() < 0.2: pass"


def test_everything_below_a_process_is_found_however_deep_and_what_it_used(tmp_path: Path) -> None:
    odd = tmp_path / "a) S 1 (b"
    odd.symlink_to("/bin/sleep")
    burn = f"{BURN}\nprint(flush=True)\ntime.sleep(600)"
    script = f"setsid '{sys.executable}' -c '{burn}' & exec '{odd}' 600"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as started:
        try:
            assert started.stdout is not None
            started.stdout.readline()
            found = procfs.below(os.getpid())
            assert started.pid in found
            eventually(lambda: (of := procfs.stat(started.pid)) and of.parent == os.getpid())
            used = procfs.used_below(started.pid)
            assert used.peak_memory > 50_000_000
            assert used.cpu_seconds > 0.15  # the kernel counts in hundredths
            assert procfs.used_below(os.getpid()).cpu_seconds >= used.cpu_seconds
        finally:
            for pid in procfs.below(started.pid):
                os.kill(pid, 9)
            started.kill()


def test_a_dead_process_is_below_nobody_and_one_that_is_gone_is_nothing() -> None:
    with subprocess.Popen(["true"]) as started:
        eventually(lambda: (of := procfs.stat(started.pid)) and of.state == "Z")
        assert started.pid not in procfs.below(os.getpid())
    assert procfs.stat(started.pid) is None
    assert procfs.used_below(started.pid) == (0, 0.0)
