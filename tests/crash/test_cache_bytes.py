"""The journal and its snapshot, cut and flipped at every byte, with the caches of a store that left.

A snapshot that is damaged costs time and nothing else. It never hides damage of the journal.
"""

import logging
import shutil
from pathlib import Path

import pytest

from pmrunnerd.model.events import MessagePosted
from pmrunnerd.store import snapshot
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.repair import repair
from pmrunnerd.store.store import Store
from pmrunnerd.store.verify import verify
from tests.unit.store.parts import RELEASE, filled, now, opened, texts

MESSAGES = 3
ALL = [f"message {count}" for count in range(1, MESSAGES + 1)]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "pmrunnerd.store")


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Return a state with its caches, and without the lock that says how far it had come."""
    filled(tmp_path / "left", messages=MESSAGES)
    (tmp_path / "left" / "lock").unlink()
    assert (tmp_path / "left" / snapshot.FILE).exists()
    return tmp_path / "left"


def changed(left: Path, name: str, file: str, content: bytes) -> Path:
    """Return a copy of a state in which one file has other content."""
    directory = left.parent / name
    shutil.copytree(left, directory)
    (directory / file).write_bytes(content)
    return directory


def refusal(directory: Path) -> str:
    with pytest.raises(JournalDamaged) as refused:
        Store(directory, now, release=RELEASE)
    return str(refused.value)


def test_a_journal_cut_at_any_byte_is_refused_with_its_line_where_the_snapshot_proves_more(
    left: Path,
) -> None:
    content = (left / "journal" / "00000001.jsonl").read_bytes()
    for cut in range(len(content)):
        directory = changed(left, f"cut-{cut}", "journal/00000001.jsonl", content[:cut])
        whole = content[:cut].count(b"\n")
        said = refusal(directory)
        assert f"00000001.jsonl: line {whole + 1} is missing" in said
        assert f"ends at commit {whole}, and {MESSAGES + 1} was durable" in said
        assert (directory / "journal" / "00000001.jsonl").read_bytes() == content[:cut]
        assert not (directory / "set-aside").exists()
        assert snapshot.reached(Disk(), directory) == MESSAGES + 1, "the proof stays"
        shutil.rmtree(directory)


def test_a_last_line_of_zeros_is_no_torn_one_where_the_snapshot_proves_it(left: Path) -> None:
    content = (left / "journal" / "00000001.jsonl").read_bytes()
    last = content.rindex(b"\n", 0, -1) + 1
    zeros = content[:last] + b"\0" * (len(content) - last)
    directory = changed(left, "zeros", "journal/00000001.jsonl", zeros)
    assert "ends at commit 3, and 4 was durable" in refusal(directory)


def test_a_journal_that_is_gone_is_not_taken_for_a_new_one_where_there_is_a_snapshot(
    left: Path,
) -> None:
    shutil.rmtree(left / "journal")
    assert "ends at commit 0, and 4 was durable" in refusal(left)


@pytest.mark.parametrize("rules", ["the same", "other"])
def test_a_journal_that_was_refused_is_refused_again_though_a_start_wrote_a_shorter_snapshot(
    left: Path, rules: str
) -> None:
    filled(left / "long", messages=40)
    directory = left / "long"
    (directory / "lock").unlink()
    path = directory / "journal" / "00000001.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:25]))
    if rules == "other":
        said = (directory / snapshot.FILE).read_bytes().replace(b'"fold":"', b'"fold":"x')
        (directory / snapshot.FILE).write_bytes(line_of(said[len(b'["00000000",') : -2]))
    for _ in range(3):
        with pytest.raises(JournalDamaged, match="ends at commit 25, and 41 was durable"):
            Store(directory, now, release=RELEASE, checkpoint=10)
    assert not verify(Disk(), directory, at=now(), release=RELEASE).sound


def test_verify_and_repair_believe_what_a_snapshot_proves(left: Path) -> None:
    path = left / "journal" / "00000001.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    found = verify(Disk(), left, at=now(), release=RELEASE)
    assert not found.sound
    assert not found.retracted
    assert snapshot.reached(Disk(), left) == MESSAGES + 1, "the proof stays"

    mended = repair(Disk(), left, at=now(), release=RELEASE, change=True)
    assert (mended.commits, mended.lost) == (MESSAGES + 1, 2)
    with opened(left) as store:
        # One more holds back what waited: the commits that are lost may have told of it.
        assert store.durable == MESSAGES + 2
        facts = [fact for batch in store.read(0, 99) for fact in batch.facts]
        assert [fact.text for fact in facts if isinstance(fact, MessagePosted)] == ALL[:1]


@pytest.mark.parametrize("bit", [0, 5])
def test_a_journal_flipped_at_any_byte_is_refused_with_its_line_whatever_the_snapshot_says(
    left: Path, bit: int
) -> None:
    content = (left / "journal" / "00000001.jsonl").read_bytes()
    for where in range(len(content) - 1):
        flipped = bytearray(content)
        flipped[where] ^= 1 << bit
        directory = changed(left, f"flip-{where}", "journal/00000001.jsonl", bytes(flipped))
        line = content[:where].count(b"\n") + 1
        with pytest.raises(JournalDamaged, match=rf"00000001\.jsonl: line {line} "):
            Store(directory, now, release=RELEASE)
        shutil.rmtree(directory)


def test_a_snapshot_cut_or_flipped_at_any_byte_costs_time_and_nothing_else(left: Path) -> None:
    content = (left / snapshot.FILE).read_bytes()
    for where in range(len(content)):
        flipped = bytearray(content)
        flipped[where] ^= 1
        for name, other in (("cut", content[:where]), ("flip", bytes(flipped))):
            directory = changed(left, f"{name}-{where}", snapshot.FILE, other)
            with opened(directory) as store:
                assert texts(store) == ALL
                assert [b.seq for b in store.conversation("p1", None, 9)] == [2, 3, 4]
            shutil.rmtree(directory)
