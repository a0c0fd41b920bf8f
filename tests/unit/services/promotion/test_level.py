import os
from pathlib import Path

from pmrunnerd.services.promotion import level
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning

AT = "2026-11-24T12:30:00.123Z"


def test_a_state_that_is_not_there_is_of_the_first_level(tmp_path: Path) -> None:
    assert level.of(tmp_path / "state") == level.FIRST


def test_what_a_store_writes_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path, lambda: AT, release="1")
    store.commit(*beginning())
    store.flush()
    store.close()
    assert level.of(tmp_path) == 1
    (segment,) = (tmp_path / "journal").glob("*.jsonl")
    text = segment.read_bytes().replace(
        b'"at":"%s"' % AT.encode(), b'"at":"%s","level":3' % AT.encode()
    )
    segment.write_bytes(text)
    assert level.of(tmp_path) == 3


def test_what_people_say_of_levels_is_none(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    line = b'["00000000",{"seq":1,"at":"%s","facts":[{"text":"\\"level\\":9"}]}]\n' % AT.encode()
    (tmp_path / "journal/00000001.jsonl").write_bytes(line)
    assert level.of(tmp_path) == 1


def test_a_pipe_in_place_of_the_journal_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    os.mkfifo(tmp_path / "journal/00000001.jsonl")
    assert level.of(tmp_path) == 1
