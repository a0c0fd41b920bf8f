import errno
from contextlib import closing
from pathlib import Path

import pytest

from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.lock import Lock, seen
from pmrunnerd.store.swap import Intention, Undecided, finish, forget, intend, intended, is_intended
from tests.unit.store.parts import AT, RELEASE, RESTORED
from tests.unit.store.trouble import Noting, Troubled, failing

PLAN = Intention(aside="before", parts=("journal", "runs"), restored=RESTORED, upload="t")


def tree(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)


def texts(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def finished(directory: Path) -> Intention | None:
    disk = Disk()
    with closing(Lock(directory / "lock", at=AT, release=RELEASE, disk=disk)) as lock:
        return finish(disk, directory, lock)


def test_each_part_takes_the_place_of_the_one_before_which_is_kept(tmp_path: Path) -> None:
    tree(
        tmp_path, {"journal/1": "old", "snapshot.json": "old", "history/x": "old", "other": "stays"}
    )
    tree(tmp_path / "restore/state", {"journal/1": "new", "runs/r1/a": "new"})
    intend(Disk(), tmp_path, PLAN)

    assert finished(tmp_path) == PLAN
    assert texts(tmp_path) == {
        "journal/1": "new",
        "runs/r1/a": "new",
        "other": "stays",
        "set-aside/before/journal/1": "old",
        "set-aside/before/snapshot.json": "old",
        "set-aside/before/history/x": "old",
    }
    assert seen(Disk(), tmp_path / "lock") == 7


def test_done_again_it_changes_nothing(tmp_path: Path) -> None:
    tree(tmp_path, {"journal/1": "old"})
    tree(tmp_path / "restore/state", {"journal/1": "new", "runs/r1/a": "new"})
    intend(Disk(), tmp_path, PLAN)
    word = (tmp_path / "restore" / "READY").read_bytes()
    finished(tmp_path)
    before = texts(tmp_path)
    # As if a power cut had brought the word back, and nothing else.
    (tmp_path / "restore" / "state").mkdir(parents=True)
    (tmp_path / "restore" / "READY").write_bytes(word)

    assert finished(tmp_path) == PLAN
    assert texts(tmp_path) == before


def test_what_has_a_name_in_set_aside_keeps_it(tmp_path: Path) -> None:
    tree(tmp_path, {"set-aside/both": "ours"})
    tree(tmp_path / "restore/state", {"set-aside/both": "theirs", "set-aside/one": "theirs"})
    intend(Disk(), tmp_path, PLAN)
    finished(tmp_path)

    assert texts(tmp_path) == {"set-aside/both": "ours", "set-aside/one": "theirs"}


def test_where_nothing_is_intended_nothing_happens(tmp_path: Path) -> None:
    assert intended(Disk(), tmp_path) is None
    assert finished(tmp_path) is None


def test_a_word_that_was_flipped_is_no_word(tmp_path: Path) -> None:
    tree(tmp_path, {"journal/1": "old"})
    tree(tmp_path / "restore/state", {"journal/1": "new"})
    intend(Disk(), tmp_path, PLAN)
    ready = tmp_path / "restore" / "READY"
    ready.write_bytes(ready.read_bytes().replace(b"before", b"befors"))
    with pytest.raises(JournalDamaged, match="READY"):
        finished(tmp_path)
    assert texts(tmp_path)["journal/1"] == "old"


def staged(directory: Path) -> Path:
    tree(directory, {"journal/1": "old"})
    tree(directory / "restore/state", {"journal/1": "new"})
    return directory / "restore"


class OnceFailing(Noting):
    """Cannot sync one directory the first time, or any time."""

    def __init__(self, path: Path, number: int, times: int) -> None:
        super().__init__()
        self._path, self._left, self._fail = path, times, failing(number)

    def sync_directory(self, path: Path) -> None:
        if path == self._path and self._left:
            self._left -= 1
            self._fail()
        super().sync_directory(path)


@pytest.mark.parametrize("where", ["restore", ""])
def test_a_word_that_has_its_name_is_taken_back_durably_before_it_is_said_that_it_failed(
    tmp_path: Path, where: str
) -> None:
    staged(tmp_path)
    disk = OnceFailing(tmp_path / where, errno.EMFILE, 1)
    with pytest.raises(OSError, match="Too many open files"):
        intend(disk, tmp_path, PLAN)
    assert not is_intended(Disk(), tmp_path)
    assert disk.changed[-2:] == ["remove READY", "sync restore"]


def test_a_word_that_was_not_written_needs_no_taking_back(tmp_path: Path) -> None:
    disk = Troubled("rename", lambda _: True, failing(errno.EIO))
    disk.armed = True
    staged(tmp_path)
    with pytest.raises(OSError, match="Input/output error"):
        intend(disk, tmp_path, PLAN)


@pytest.mark.parametrize(
    ("number", "times"), [(errno.EIO, 1), (errno.ENOSPC, 1), (errno.EMFILE, 2)]
)
def test_where_only_the_disk_knows_if_it_is_recorded_nobody_says_that_it_is_not(
    tmp_path: Path, number: int, times: int
) -> None:
    disk = OnceFailing(staged(tmp_path), number, times)
    with pytest.raises(Undecided, match="the next start of the daemon finishes it if it was"):
        intend(disk, tmp_path, PLAN)
    assert disk.changed[-1] == "remove READY", "a sync that failed is not asked again"
    assert (tmp_path / "restore/state/journal/1").exists()


def test_the_word_is_gone_durably_before_anything_that_it_speaks_of(tmp_path: Path) -> None:
    staged(tmp_path)
    intend(Disk(), tmp_path, PLAN)
    disk = Noting()
    forget(disk, tmp_path)
    assert disk.changed[:2] == ["remove READY", "sync restore"]
    assert not (tmp_path / "restore").exists()
