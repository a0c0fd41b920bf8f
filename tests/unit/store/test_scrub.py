import asyncio
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.store import scrub
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged, JournalDamaged
from tests.unit.store.lives import beginning, failed_plan
from tests.unit.store.parts import opened, project, said

LIMIT = 1000


def lived(directory: Path) -> list[Path]:
    """Make a state of several segments and return all of them but the last."""
    with opened(directory, segment_limit=LIMIT) as store:
        store.commit(project())
        for count in range(1, 30):
            store.commit(said(count))
            store.flush()
    return sorted((directory / "journal").iterdir())[:-1]


def test_older_segments_that_are_as_they_were_are_sound(tmp_path: Path) -> None:
    assert len(lived(tmp_path)) > 3
    with opened(tmp_path, segment_limit=LIMIT) as store:
        assert len(store._past.unread) > 3
        asyncio.run(store.scrub())
        assert store.wrong is None


def test_a_bit_that_flipped_in_an_older_segment_is_found_with_file_and_line(
    tmp_path: Path,
) -> None:
    path = lived(tmp_path)[1]
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with opened(tmp_path, segment_limit=LIMIT) as store:
        asyncio.run(store.scrub())
        assert isinstance(store.wrong, JournalDamaged)
        assert re.search(rf"{path.name}: line [2-7] is not as it was", str(store.wrong))


def test_a_segment_that_went_away_or_lost_its_end_since_is_found(tmp_path: Path) -> None:
    gone, cut, *_ = lived(tmp_path)
    with opened(tmp_path, segment_limit=LIMIT) as store:
        cut.write_bytes(cut.read_bytes()[:-10])
        asyncio.run(store.scrub())
        assert cut.name in str(store.wrong)
        gone.unlink()
        asyncio.run(store.scrub())
        assert f"{gone.name}: it is missing" in str(store.wrong)


def test_what_was_read_at_the_start_is_not_read_again(tmp_path: Path) -> None:
    lived(tmp_path)
    (tmp_path / "snapshot.json").unlink()
    with opened(tmp_path, segment_limit=LIMIT) as store:
        assert not store._past.unread


def test_what_makes_one_segment_with_the_last_is_read_at_the_start(tmp_path: Path) -> None:
    path = lived(tmp_path)[0]
    with opened(tmp_path, segment_limit=1 << 20) as store:
        assert not store._past.unread
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with (
        pytest.raises(JournalDamaged, match="does not match its checksum"),
        opened(tmp_path, segment_limit=1 << 20),
    ):
        pass


def with_history(directory: Path) -> Path:
    with opened(directory) as store:
        store.commit(*beginning())
        for _ in range(3):
            failed_plan(store)
        store.commit(request="q1", digest="d")
        store.flush()
    return directory / "history"


@pytest.mark.parametrize("name", ["places", "messages", "finished.jsonl"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_history_that_is_not_as_it_was_is_found_and_made_anew_by_the_next_start(
    tmp_path: Path, name: str, how: str
) -> None:
    path = with_history(tmp_path) / name
    with opened(tmp_path) as store:
        asyncio.run(store.scrub())
        assert store.wrong is None
        raw = bytearray(path.read_bytes())
        raw[-3] ^= 1
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(bytes(raw) if how == "flipped" else raw[:-1])
        asyncio.run(store.scrub())
        assert isinstance(store.wrong, HistoryDamaged)
        assert str(path) in str(store.wrong)
        assert not (tmp_path / "snapshot.json").exists()
    with opened(tmp_path) as store:
        asyncio.run(store.scrub())
        assert store.wrong is None


def test_what_is_added_while_it_is_looked_at_is_no_damage(tmp_path: Path) -> None:
    with_history(tmp_path)
    with opened(tmp_path) as store:
        for _ in range(3):
            failed_plan(store)
        store.checkpoint()
        asyncio.run(store.scrub())
        assert store.wrong is None


def test_a_line_longer_than_a_piece_is_looked_at_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "PIECE", 100)
    path = with_history(tmp_path) / "finished.jsonl"
    with opened(tmp_path) as store:
        asyncio.run(store.scrub())
        assert store.wrong is None
        path.write_bytes(path.read_bytes().replace(b"do it", b"DO IT"))
        asyncio.run(store.scrub())
        assert str(path) in str(store.wrong)


class Counting(Disk):
    most = 0

    def read_all(self, file: int, size: int, offset: int) -> bytes:
        self.most = max(self.most, size)
        return super().read_all(file, size, offset)


def test_however_much_there_is_only_a_little_of_it_is_in_memory_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(tmp_path)
    with_history(tmp_path / "other")
    monkeypatch.setattr(scrub, "PIECE", 700)
    for directory in (tmp_path, tmp_path / "other"):
        disk = Counting()
        with opened(directory, segment_limit=LIMIT, disk=disk) as store:
            disk.most = 0
            monkeypatch.setattr("pmrunnerd.store.scrub.fits", lambda *_: True)
            asyncio.run(store.scrub())
            assert store.wrong is None
            assert 0 < disk.most <= 700


@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
def test_a_hole_in_what_was_put_away_is_not_read_to_its_end(tmp_path: Path, fill: bytes) -> None:
    path, disk = with_history(tmp_path) / "finished.jsonl", Counting()
    with opened(tmp_path, disk=disk) as store:
        path.write_bytes(fill * (9 << 20))
        store._past.finished.size = 9 << 20
        disk.most = 0
        with pytest.raises(HistoryDamaged, match="there is a hole in it"):
            store.state.plan("p1")
        assert disk.most < 1 << 20
        store._past._begun = replace(store._past._begun, finished=9 << 20)
        store._past.index.wrong = None
        asyncio.run(store.scrub())
        assert isinstance(store.wrong, HistoryDamaged)
        assert disk.most <= 4 << 20


def test_a_hole_behind_what_a_snapshot_knows_of_is_no_damage(tmp_path: Path) -> None:
    path = with_history(tmp_path) / "finished.jsonl"
    with path.open("ab") as file:
        file.write(bytes(5000))  # of a checkpoint that a power cut ended
    with opened(tmp_path) as store:
        assert store.state.plan("p1").id == "p1"
        asyncio.run(store.scrub())
        assert store.wrong is None
