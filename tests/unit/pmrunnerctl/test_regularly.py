import re
from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.frames import Failed
from pmrunnerd.model.upkeep import BackedUp, Piece
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl

REPORTS: dict[type, object] = {p.BackupReport: p.Done(id="dev"), p.Status: samples.overview()}


def reports(daemon: FakeDaemon) -> list[str]:
    return [r.failed for r in daemon.requests() if isinstance(r, p.BackupReport)]


def test_what_went_wrong_is_told_to_the_daemon_and_nothing_is_removed(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers |= REPORTS
    daemon.answers[p.StateBackup] = Failed(
        call=0, code=Code.UNAVAILABLE, message="cannot read journal/1: it is gone"
    )
    (tmp_path / "kept").mkdir()
    old = tmp_path / "kept/pm-runner-20260101T000000.000Z.tar.gz"
    old.touch()
    done = ctl("state", "backup", "--keep", "1", str(tmp_path / "kept"))
    assert done.status != 0
    assert reports(daemon) == ["cannot read journal/1: it is gone"]
    assert old.exists()


def test_where_no_directory_is_that_is_told_too(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers |= REPORTS
    done = ctl("state", "backup", "--keep", "1", str(tmp_path / "none"))
    assert "it is no directory" in done.err
    assert len(reports(daemon)) == 1


def test_the_latest_stay_and_files_of_others_too(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers |= REPORTS
    made = BackedUp(environment="dev", release="1", at=samples.AT, files=2, bytes=9, excluded=())
    daemon.answers[p.StateBackup] = Stream(
        [Piece(cursor=4, data=b"abcd"), Piece(cursor=4, backed_up=made)]
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    for day in (1, 2, 3):
        (kept / f"pm-runner-2026010{day}T000000.000Z.tar.gz").touch()
    (kept / "mine.tar.gz").touch()
    done = ctl("state", "backup", "--keep", "2", str(kept))
    assert done.status == 0, done.err
    names = sorted(path.name for path in kept.iterdir())
    assert names[:2] == ["mine.tar.gz", "pm-runner-20260103T000000.000Z.tar.gz"]
    assert re.fullmatch(r"pm-runner-\d{8}T\d{6}\.\d{3}Z\.tar\.gz", names[2])
    assert len(names) == 3
    assert reports(daemon) == [""]


def test_a_directory_is_no_name_of_an_archive(ctl: Ctl, daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.answers |= REPORTS
    done = ctl("state", "backup", str(tmp_path))
    assert "it is a directory" in done.err
    assert f"state backup --keep 7 {tmp_path}" in done.err
