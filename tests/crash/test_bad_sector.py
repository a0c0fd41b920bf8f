"""A sector that the disk does not give any more (EIO): found, named, told, and costs what lay on it.

Under the history it costs time, under the journal the commits on it; what passes, such as no
descriptors, is neither, and blames nobody.
"""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.events import MessagePosted
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged, StoreFailed
from pmrunnerd.store.repair import repair
from pmrunnerd.store.segments import PAGE
from pmrunnerd.store.store import Store
from pmrunnerd.store.verify import verify
from tests.unit.store.lives import beginning, failed_plan
from tests.unit.store.parts import AT, RELEASE, now, opened, project, said
from tests.unit.store.trouble import BadSector

FIRST = "00000001.jsonl"
MESSAGES = 200


def commit(store: Store, *facts: object, request: str = "") -> None:
    store.commit(*facts, request=request, digest="d")  # type: ignore[arg-type]
    store.flush()


def journal(directory: Path, *, segment_limit: int = 1 << 20) -> Path:
    """Make a state of some pages of journal; return its first segment."""
    with opened(directory, segment_limit=segment_limit) as store:
        commit(store, project())
        for count in range(1, MESSAGES + 1):
            commit(store, said(count))
    return directory / "journal" / FIRST


def history(directory: Path) -> None:
    with opened(directory) as store:
        commit(store, *beginning())
        failed_plan(store)
        commit(store, request="q1")


def messages(directory: Path) -> list[int]:
    """Return what was said, whatever became of it."""
    with opened(directory) as store:
        facts = [fact for batch in store.read(0, 1000) for fact in batch.facts]
        return [int(fact.message[1:]) for fact in facts if isinstance(fact, MessagePosted)]


def ask(store: Store) -> object:
    return store.read(0, 9), store.state.task("t1")


def line_at(path: Path, offset: int) -> int:
    return path.read_bytes()[:offset].count(b"\n") + 1


# Under the journal


@pytest.mark.parametrize("page", [0, 2, -1])
@pytest.mark.parametrize("caches", ["with its snapshot", "without"])
def test_a_start_says_which_line_cannot_be_read(tmp_path: Path, page: int, caches: str) -> None:
    path = journal(tmp_path)
    if caches == "without":
        (tmp_path / "snapshot.json").unlink()
    start = page * PAGE if page >= 0 else path.stat().st_size // PAGE * PAGE
    with pytest.raises(JournalDamaged) as refused:
        Store(tmp_path, now, release=RELEASE, disk=BadSector(FIRST, start=start, end=start + 1))
    assert str(refused.value) == (
        f"cannot read {path}: line {line_at(path, start)} cannot be read: Input/output error"
    )
    assert "state verify" in str(refused.value.hint)
    assert len(messages(tmp_path)) == MESSAGES, "nothing was changed"


@pytest.mark.parametrize("page", [0, 2, -1])
def test_a_repair_costs_the_commits_that_lay_on_it_and_no_other(tmp_path: Path, page: int) -> None:
    path = journal(tmp_path)
    content = path.read_bytes()
    start = page * PAGE if page >= 0 else len(content) // PAGE * PAGE
    gone = range(line_at(path, start), line_at(path, min(start + PAGE, len(content)) - 1) + 1)
    disk = BadSector(FIRST, start=start, end=start + PAGE)
    found = verify(disk, tmp_path, at=AT, release=RELEASE)
    assert not found.sound
    assert found.findings[0].why.endswith("cannot be read: Input/output error")
    assert (found.findings[0].file, found.findings[0].line) == (str(path), gone[0])

    mended = repair(disk, tmp_path, at=AT, release=RELEASE, change=True)
    assert (mended.commits, mended.lost) == (MESSAGES + 1, len(gone))
    kept = (Path(mended.kept) / FIRST).read_bytes()
    assert kept[:start] + content[start : start + PAGE] + kept[start + PAGE :] == content
    if page:
        left = messages(tmp_path)
        assert left == [n for n in range(1, MESSAGES + 1) if n + 1 not in gone]
    assert verify(Disk(), tmp_path, at=AT, release=RELEASE).sound


def test_what_could_be_read_a_moment_ago_is_not_thrown_away_by_a_repair(tmp_path: Path) -> None:
    class Worse(BadSector):
        """Cannot read its second page any more once it was asked to keep what is there."""

        def create_directory(self, path: Path, mode: int) -> None:
            super().create_directory(path, mode)
            self._start, self._end = PAGE, PAGE + 1

    path = journal(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"m9"', b'"m8"'))
    disk = Worse(FIRST, start=len(content))
    with pytest.raises(Unavailable, match="Input/output error"):
        repair(disk, tmp_path, at=AT, release=RELEASE, change=True)
    assert repair(Disk(), tmp_path, at=AT, release=RELEASE, change=True).lost == 1


@pytest.mark.parametrize("left", [b'["0123', b"\0" * PAGE + b"\n" + b"x" * 2 * PAGE])
def test_the_end_of_a_journal_that_cannot_be_read_is_not_taken_for_a_torn_one(
    tmp_path: Path, left: bytes
) -> None:
    path = journal(tmp_path)
    (tmp_path / "snapshot.json").unlink()
    (tmp_path / "lock").unlink()
    end = path.stat().st_size
    path.write_bytes(path.read_bytes() + left)
    assert verify(Disk(), tmp_path, at=AT, release=RELEASE).torn
    start = end + len(left) - 1
    disk = BadSector(FIRST, start=start, end=start + 1)
    assert not verify(disk, tmp_path, at=AT, release=RELEASE).sound
    with pytest.raises(JournalDamaged, match="cannot be read: Input/output error"):
        Store(tmp_path, now, release=RELEASE, disk=disk)
    assert not (tmp_path / "set-aside").exists()


@pytest.mark.parametrize("page", [0, -1])
def test_a_page_of_an_old_segment_is_the_problem_once_it_is_looked_at(
    tmp_path: Path, page: int
) -> None:
    path = journal(tmp_path, segment_limit=2 * PAGE)
    start = page * PAGE if page >= 0 else path.stat().st_size // PAGE * PAGE
    disk = BadSector(FIRST, start=start, end=start + 1)
    with opened(tmp_path, segment_limit=2 * PAGE, disk=disk) as store:
        assert store.wrong is None
        asyncio.run(store.scrub())
        assert isinstance(store.wrong, JournalDamaged)
        assert str(store.wrong) == f"cannot read {path}: Input/output error"


def test_a_page_of_an_old_segment_is_the_problem_once_somebody_asks_for_it(tmp_path: Path) -> None:
    path = journal(tmp_path, segment_limit=2 * PAGE)
    with opened(tmp_path, segment_limit=2 * PAGE, disk=BadSector(FIRST)) as store:
        with pytest.raises(JournalDamaged, match="line 2 or one after it cannot be read") as told:
            store.read(1, 3)
        assert str(path) in str(told.value)
        assert store.wrong is told.value
        assert not (tmp_path / "snapshot.json").exists(), "the next start reads all of it"


# Under the history


@pytest.mark.parametrize("name", ["finished.jsonl", "places", "tasks"])
@pytest.mark.parametrize("how", ["it is looked at", "somebody asks"])
def test_a_history_that_cannot_be_read_is_the_problem_and_made_anew_by_the_next_start(
    tmp_path: Path, name: str, how: str
) -> None:
    history(tmp_path)
    with opened(tmp_path, disk=BadSector(name)) as store:
        if how == "it is looked at":
            asyncio.run(store.scrub())
        else:
            with pytest.raises(HistoryDamaged):
                ask(store)
        assert isinstance(store.wrong, HistoryDamaged)
        assert f"{name}: Input/output error" in str(store.wrong)
        assert not (tmp_path / "snapshot.json").exists()
    with opened(tmp_path) as store:
        asyncio.run(store.scrub())
        assert store.wrong is None
        assert store.state.task("t1").runs


def test_requests_that_cannot_be_read_are_not_taken_for_new_ones(tmp_path: Path) -> None:
    history(tmp_path)
    bad = BadSector("requests", start=1 << 40)
    with opened(tmp_path, disk=bad) as store:
        bad._start = 0
        with pytest.raises(HistoryDamaged, match="requests: Input/output error"):
            store.earlier("q1")
        assert isinstance(store.wrong, HistoryDamaged)


# What passes


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
@pytest.mark.parametrize("name", [FIRST, "finished.jsonl", "places", "tasks"])
def test_what_passes_blames_neither_journal_nor_history(
    tmp_path: Path, name: str, error: int
) -> None:
    history(tmp_path)
    bad = BadSector(name, error, start=1 << 40)
    with opened(tmp_path, disk=bad) as store:
        store._past.unread = store._past._begun.segments
        bad._start = 0
        with pytest.raises(OSError, match=os.strerror(error)):
            asyncio.run(store.scrub())
        with pytest.raises(OSError, match=os.strerror(error)):
            ask(store)
        assert store.wrong is None
        bad._start = 1 << 40
    with pytest.raises(StoreFailed, match=os.strerror(error)):
        Store(tmp_path, now, release=RELEASE, disk=BadSector(FIRST, error))
