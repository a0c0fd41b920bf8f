"""A real disk without room: an archive that does not fit changes nothing, and one that fits does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.store.archives import archived
from tests.unit.store.damage import COMMITS, everything, messages, state
from tests.unit.store.test_restore import other

ROOT = Path(__file__).parents[2]
SCRIPT = """
set -u
disk=$1; python=$2; where=$3
mount -t tmpfs -o size=4m,mode=700 none "$disk"
cp -r "$where/two" "$disk/state"
restore() { "$python" -m pmrunnerd.offline restore "$1" --state-dir "$disk/state"; echo "status $?"; }
restore "$where/large"
cp -r "$disk/state" "$where/after"
head -c 3300000 /dev/zero > "$disk/ballast"
restore "$where/small"
cp -r "$disk/state" "$where/full"
rm "$disk/ballast"
restore "$where/small"
cp -r "$disk/state" "$where/restored"
"""


def _private() -> list[str]:
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def test_what_does_not_fit_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = [*_private(), "mount", "-t", "tmpfs", "none", str(disk)]
    if shutil.which("unshare") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a private mount namespace is not allowed here")
    one = state(tmp_path / "one")
    (tmp_path / "small").write_bytes(archived(one))
    (one / "runs").mkdir()
    (one / "runs" / "large").write_bytes(bytes(5 << 20))
    (tmp_path / "large").write_bytes(archived(one))
    before = everything(other(tmp_path / "two"))
    ran = subprocess.run(
        [*_private(), "sh", "-c", SCRIPT, "sh", str(disk), sys.executable, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in ran.stdout.splitlines() if line.startswith("status")] == [
        "status 1",
        "status 1",
        "status 0",
    ], ran.stderr
    assert ran.stderr.count("no room for") == 2
    assert "hint" in ran.stderr
    assert (tmp_path / "large").stat().st_size < 20_000, "a small archive of something large"
    for after in ("after", "full"):
        assert everything(tmp_path / after) == before
        assert not (tmp_path / after / "restore").exists()
    assert len(messages(tmp_path / "restored")) == COMMITS - 1
