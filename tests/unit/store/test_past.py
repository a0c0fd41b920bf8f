from pathlib import Path

import pytest

from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.past import Past
from tests.unit.store.parts import AT, illegal, project, said


def written(directory: Path, *batches: Batch) -> Past:
    (directory / "journal").mkdir()
    path = directory / "journal" / "00000001.jsonl"
    path.write_bytes(b"".join(encode(batch) for batch in batches))
    disk = Disk()
    return Past(directory, Journal(directory / "journal", disk), disk)


def replay(past: Past) -> None:
    past.replay(at_least=0, aside=past.directory, at=AT, each=lambda _: None)


def test_the_journal_folds_to_state_history_and_requests(tmp_path: Path) -> None:
    past = written(
        tmp_path,
        Batch(seq=1, at=AT, facts=(project(),)),
        Batch(seq=2, at=AT, facts=(said(1),), request="r1"),
    )
    replay(past)

    assert past.state.seq == 2
    assert past.state.messages["m1"].text == "hello"
    assert past.find("r1") == past.history.one(2)
    assert past.find("r2") is None


def test_facts_that_cannot_follow_are_damage_with_file_and_line(tmp_path: Path) -> None:
    past = written(
        tmp_path,
        Batch(seq=1, at=AT, facts=(project(),)),
        Batch(seq=2, at=AT, facts=(illegal(),)),
    )

    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 2 cannot be taken in: .*b404"):
        replay(past)


def test_another_request_with_the_same_hash_is_not_taken_for_it(tmp_path: Path) -> None:
    past = written(tmp_path, Batch(seq=1, at=AT, facts=(project(),), request="r1"))
    replay(past)
    past.requests._young["r2"] = 1  # as if both had one checksum

    assert past.find("r2") is None
