import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.caches import check_caches
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.verify import verify
from tests.unit.store.lives import beginning, next_facts
from tests.unit.store.parts import AT, RELEASE, opened, project, said
from tests.unit.store.trouble import BadSector


def lived(directory: Path, *, choices: int = 60) -> Path:
    """Make a state with plans that ended, one of them twice, and messages that became none."""
    with opened(directory) as store:
        store.commit(*beginning())
        for choice in range(choices):
            store.commit(*next_facts(store, choice * 7919), request=f"q{choice}")
            store.flush()
            if choice % 20 == 0:
                store.checkpoint()
    return directory


def found(directory: Path) -> list[str]:
    return [f"{Path(one.file).name} {one.why}" for one in check_caches(Disk(), directory)]


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(bytes(raw))


class Growing(Disk):
    """Gives a segment as if it ended in the middle of a line; whoever was at its end finds more."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._has_grown = False

    def read_at(self, file: int, size: int, offset: int) -> bytes:
        path = Path(f"/proc/self/fd/{file}").readlink()
        if path.suffix == ".jsonl" and path.parent.name == "journal" and not self._has_grown:
            self._has_grown = offset >= self._end
            size = max(min(size, self._end - offset), 0)
        return super().read_at(file, size, offset)


def test_what_a_daemon_writes_behind_the_snapshot_is_not_looked_at(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(project())
        store.flush()
        store.checkpoint()
        size = (tmp_path / "journal" / "00000001.jsonl").stat().st_size
        store.commit(said(1))
        store.flush()
        assert not check_caches(Growing(size + 30), tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.sampled_from("...c")), max_size=40))
def test_after_whatever_happened_they_are_what_the_journal_says(
    tmp_path_factory: pytest.TempPathFactory, moments: list[tuple[int, str]]
) -> None:
    directory = tmp_path_factory.mktemp("state")
    with opened(directory, segment_limit=3000) as store:
        store.commit(*beginning())
        for choice, moment in moments:
            store.commit(*next_facts(store, choice))
            store.flush()
            if moment == "c":
                store.checkpoint()
                assert found(directory) == []
    assert found(directory) == []


def test_what_is_not_there_is_not_wrong(tmp_path: Path) -> None:
    (lived(tmp_path) / "snapshot.json").unlink()
    assert found(tmp_path) == []


def test_a_snapshot_of_other_rules_is_not_wrong_but_of_no_use(tmp_path: Path) -> None:
    path = lived(tmp_path) / "snapshot.json"
    json = path.read_bytes().rstrip(b"\n")[len(b'["00000000",') : -1]
    path.write_bytes(line_of(json.replace(b'"fold":"', b'"fold":"x')))
    assert found(tmp_path) == []


def test_a_snapshot_that_was_flipped_is_found(tmp_path: Path) -> None:
    flip(lived(tmp_path) / "snapshot.json", 100)
    assert found(tmp_path) == ["snapshot.json does not match its checksum"]


def test_a_snapshot_that_says_something_else_is_found(tmp_path: Path) -> None:
    path = lived(tmp_path) / "snapshot.json"
    json = path.read_bytes().rstrip(b"\n")[len(b'["00000000",') : -1]
    path.write_bytes(line_of(json.replace(b'"alias":"auto"', b'"alias":"otto"')))
    assert found(tmp_path) == ["snapshot.json its projects are not what the journal says"]


def test_any_number_of_history_that_was_flipped_is_found(tmp_path: Path) -> None:
    snapshot = snapshots.load(Disk(), lived(tmp_path))
    assert snapshot is not None
    columns = {name: count for name, count in snapshot.columns.items() if name != "plans"}
    assert {"places", "messages", "requests", "conversation-w1"} <= columns.keys()
    for name, count in columns.items():
        path = tmp_path / "history" / name
        for position in {0, count // 2, count - 1}:
            flip(path, position * 8)
            assert found(tmp_path)[0] in (
                f"{name} number {position} is not what was written",
                f"{name} block 0 is not what was written",
            )
            flip(path, position * 8)
    assert found(tmp_path) == []


def test_a_column_that_is_gone_or_cut_is_found(tmp_path: Path) -> None:
    path = lived(tmp_path) / "history" / "places"
    raw = path.read_bytes()
    path.write_bytes(raw[:-8])
    assert found(tmp_path)[0].startswith("places it ends before number")
    path.unlink()
    assert found(tmp_path)[0] == "places it is missing"


def test_a_plan_that_was_put_away_otherwise_is_found(tmp_path: Path) -> None:
    path = lived(tmp_path, choices=150) / "history" / "finished.jsonl"
    raw = path.read_bytes()
    assert raw
    path.write_bytes(raw.replace(b"message in", b"massage in"))
    assert "does not match its checksum" in found(tmp_path)[0]
    path.write_bytes(raw)
    places = tmp_path / "history" / "plans"
    places.write_bytes(bytes(len(places.read_bytes())))
    assert re.search(r"number \d+ is not what was written", found(tmp_path)[0])


def test_what_a_daemon_adds_meanwhile_is_left_out(tmp_path: Path) -> None:
    with opened(lived(tmp_path)) as store:
        for choice in range(30):
            store.commit(*next_facts(store, choice * 31))
            store.flush()
        assert found(tmp_path) == []
        store.checkpoint()
        assert found(tmp_path) == []


@pytest.mark.parametrize("name", ["snapshot.json", "places", "finished.jsonl"])
def test_a_bad_sector_under_a_cache_does_not_hide_that_the_journal_is_sound(
    tmp_path: Path, name: str
) -> None:
    seen = verify(BadSector(name), lived(tmp_path), at=AT, release=RELEASE)
    assert not seen.findings
    assert "Input/output error" in seen.caches[0].why
    assert Path(seen.caches[0].file).name == name
