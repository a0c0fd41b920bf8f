import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services import lockfile
from pmrunnerd.services.host.detached import Detached
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.swap import Intention, intend
from pmrunnerd.takeover import alive, clear_the_way
from tests.house.tree import ROOT
from tests.unit.shortage import no_descriptors
from tests.unit.store.parts import RESTORED

# Holds a run's lock and signs it, as its host does.
HOST = """
import sys, time
from pathlib import Path
from pmrunnerd.services import lockfile
from pmrunnerd.services.host.detached import Detached
lock = lockfile.take(Path(sys.argv[1]))
lockfile.sign(lock)
print("here", flush=True)
time.sleep(600)
"""


def test_where_nothing_is_restored_what_runs_is_left_alone(tmp_path: Path) -> None:
    lock = tmp_path / "runs" / "r1" / "lock"
    lock.parent.mkdir(parents=True)
    file = lockfile.take(lock)
    assert file is not None
    clear_the_way(tmp_path, Detached(tmp_path / "runs"))

    assert alive(tmp_path) == ["r1"]
    os.close(file)
    assert alive(tmp_path) == []


def test_what_runs_for_the_state_before_is_ended_first(tmp_path: Path) -> None:
    lock = tmp_path / "runs" / "r1" / "lock"
    lock.parent.mkdir(parents=True)
    (tmp_path / "restore").mkdir()
    intend(Disk(), tmp_path, Intention(parts=(), aside="x", restored=RESTORED))
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(lock)], cwd=ROOT, stdout=subprocess.PIPE
    ) as host:
        assert host.stdout is not None
        host.stdout.readline()
        assert alive(tmp_path) == ["r1"]
        clear_the_way(tmp_path, Detached(tmp_path / "runs"))

        assert host.wait(20) != 0
    assert alive(tmp_path) == []


def test_where_there_is_no_state_there_is_nothing_to_do(tmp_path: Path) -> None:
    clear_the_way(tmp_path / "none", Detached(tmp_path / "none" / "runs"))

    assert not (tmp_path / "none").exists()


def test_where_nobody_can_tell_what_runs_nothing_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / "restore").mkdir()
    intend(Disk(), tmp_path, Intention(parts=(), aside="before", restored=RESTORED))
    with no_descriptors(), pytest.raises(Unavailable, match="Too many open files"):
        clear_the_way(tmp_path, Detached(tmp_path / "runs"))
    assert (tmp_path / "restore" / "READY").exists()
