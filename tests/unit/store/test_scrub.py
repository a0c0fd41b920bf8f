import asyncio
from pathlib import Path

import pytest

from pmrunnerd.store.failures import JournalDamaged
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


def test_a_bit_that_flipped_in_an_older_segment_is_found_with_file_and_line(
    tmp_path: Path,
) -> None:
    path = lived(tmp_path)[1]
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with (
        opened(tmp_path, segment_limit=LIMIT) as store,
        pytest.raises(JournalDamaged, match=rf"{path.name}: line [2-7] is not as it was"),
    ):
        asyncio.run(store.scrub())


def test_a_segment_that_went_away_or_lost_its_end_since_is_found(tmp_path: Path) -> None:
    gone, cut, *_ = lived(tmp_path)
    with opened(tmp_path, segment_limit=LIMIT) as store:
        cut.write_bytes(cut.read_bytes()[:-10])
        with pytest.raises(JournalDamaged, match=cut.name):
            asyncio.run(store.scrub())
        gone.unlink()
        with pytest.raises(JournalDamaged, match=rf"{gone.name}: it is missing"):
            asyncio.run(store.scrub())


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
