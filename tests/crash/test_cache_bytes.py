"""The journal and its snapshot, cut and flipped at every byte, with the caches of a store that left.

A snapshot that is damaged costs time and nothing else. It never hides damage of the journal.
"""

import logging
import shutil
from pathlib import Path

import pytest

from pmrunnerd.store import snapshot
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.store import Store
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


def test_a_journal_cut_at_any_byte_opens_at_its_last_whole_commit_whatever_the_snapshot_says(
    left: Path,
) -> None:
    content = (left / "journal" / "00000001.jsonl").read_bytes()
    for cut in range(len(content)):
        directory = changed(left, f"cut-{cut}", "journal/00000001.jsonl", content[:cut])
        with opened(directory) as store:
            assert store.durable == content[:cut].count(b"\n")
            assert texts(store) == ALL[: max(store.durable - 1, 0)]
        shutil.rmtree(directory)


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
