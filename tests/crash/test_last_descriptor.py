"""A segment that got the last descriptor, so that its name cannot be made durable."""

import errno
from pathlib import Path

import pytest

from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import StoreFailed
from tests.unit.store.test_journal import a_journal, replayed, written
from tests.unit.store.trouble import Troubled, failing


class LastDescriptor(Disk):
    """Gives the last descriptor there is to a segment; what was closed can be had again."""

    def __init__(self, *, is_taken_at_once: bool = False) -> None:
        self._is_taken = is_taken_at_once
        self._has: int | None = None

    def open(self, path: Path, how: str = "there", mode: int = 0o600) -> int:
        file = super().open(path, how, mode)
        if path.name == "00000002.jsonl" and how == "new":
            self._has = file
        return file

    def close(self, file: int) -> None:
        super().close(file)
        if file == self._has and not self._is_taken:
            self._has = None

    def sync_directory(self, path: Path) -> None:
        if self._has is not None:
            raise OSError(errno.EMFILE, "Too many open files", str(path))
        super().sync_directory(path)


def test_a_segment_whose_name_cannot_be_made_durable_for_now_is_taken_away_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = a_journal(tmp_path, LastDescriptor(), segment_limit=1)
    replayed(journal)
    for seq in (1, 2, 3):
        assert written(journal, seq).places[0].segment == 1
        assert [path.name for path in (tmp_path / "journal").iterdir()] == ["00000001.jsonl"]
    journal.close()
    assert "00000001.jsonl stays in use: Too many open files" in caplog.text
    assert replayed(a_journal(tmp_path)) == [1, 2, 3]


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_name_that_the_disk_does_not_make_durable_ends_it(tmp_path: Path, error: int) -> None:
    disk = Troubled("sync_directory", lambda path: path.name == "journal", failing(error))
    journal = a_journal(tmp_path, disk, segment_limit=1)
    replayed(journal)
    assert written(journal, 1).error is None
    disk.armed = True

    assert isinstance(written(journal, 2).error, StoreFailed)
    journal.close()
    assert replayed(a_journal(tmp_path)) == [1]


def test_a_segment_that_cannot_be_taken_away_durably_ends_it(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, LastDescriptor(is_taken_at_once=True), segment_limit=1)
    replayed(journal)
    assert written(journal, 1).error is None

    assert isinstance(written(journal, 2).error, StoreFailed)
    journal.close()
    assert replayed(a_journal(tmp_path)) == [1]
