"""No room, or no descriptor: an archive that cannot be taken changes nothing, and one that can does."""

import errno
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.restore import prepare
from pmrunnerd.store.swap import Undecided, is_intended
from tests.unit.store.archives import archived
from tests.unit.store.damage import COMMITS, everything, messages, state
from tests.unit.store.parts import opened, said
from tests.unit.store.test_restore import HERE, other

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


class Scarce(Disk):
    """Has no descriptor to give at one of the calls that need one, or from there on."""

    def __init__(self, at: int, *, lasts: bool) -> None:
        self._left = at
        self._lasts = lasts

    def _need(self, path: Path) -> None:
        self._left -= 1
        if self._left == -1 or (self._lasts and self._left < 0):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    @property
    def was_met(self) -> bool:
        return self._left < 0

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        self._need(path)
        return super().open(path, how, mode)

    def sync_directory(self, path: Path) -> None:
        self._need(path)
        super().sync_directory(path)

    def names(self, directory: Path) -> list[str]:
        self._need(directory)
        return super().names(directory)


@pytest.mark.parametrize("lasts", [False, True], ids=["for a moment", "for good"])
def test_without_descriptors_at_any_call_a_restore_that_was_refused_does_not_happen(
    tmp_path: Path, lasts: bool
) -> None:
    archive = archived(state(tmp_path / "one"))
    model = other(tmp_path / "model")
    told = set()
    for at in range(1000):
        here = tmp_path / f"at-{at}"
        shutil.copytree(model, here)
        disk = Scarce(at, lasts=lasts)
        with opened(here) as store:
            try:
                prepare(disk, here, io.BytesIO(archive), HERE)
            except Undecided as undecided:
                told.add("undecided")
                store.fail(undecided)  # as its daemon does: nothing is acknowledged any more
            except Unavailable:
                told.add("refused")
                assert not is_intended(Disk(), here)
                store.commit(said(999))
                store.flush()
            else:
                told.add("prepared")
        expected = messages(tmp_path / "one") if "prepared" in told else messages(model)
        found = messages(here)
        assert found - {"m999"} == expected
        assert ("m999" in found) == (store.failed is None and "prepared" not in told)
        assert not (here / "restore").exists()
        shutil.rmtree(here)
        if not disk.was_met:
            break
        told.discard("prepared")
    assert told >= ({"undecided", "refused", "prepared"} if lasts else {"refused", "prepared"})
