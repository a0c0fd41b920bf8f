from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.store.column import Column
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged
from pmrunnerd.store.requests import WINDOW, Requests
from tests.unit.store.parts import opened


def requests(**sizes: int) -> Requests:
    return Requests(Column(Disk(), Path("nowhere")), **sizes)


def test_a_request_leads_to_the_commit_it_became() -> None:
    some = requests()
    some.add("a", 1)
    some.add("b", 2)

    assert [list(some.find(name)) for name in "abc"] == [[1], [2], []]


@given(st.integers(0, 60), st.integers(1, 5), st.integers(1, 20), st.sets(st.integers(1, 60)))
def test_the_latest_are_remembered_and_the_oldest_are_forgotten_first(
    count: int, young: int, window: int, looked: set[int]
) -> None:
    some = requests(young=young, window=window)
    for seq in range(1, count + 1):
        some.add(f"request {seq}", seq)
        if seq in looked:  # what is looked up in between changes nothing
            list(some.find("request 1"))
    found = [seq for seq in range(1, count + 1) if seq in some.find(f"request {seq}")]

    assert found == list(range(count - len(found) + 1, count + 1)), "no gaps, and up to the last"
    assert min(count, window) <= len(found) <= window + 2 * young
    oldest = some.oldest()
    assert oldest is None if count <= window else oldest == count - window + 1


def test_what_a_checkpoint_has_written_is_remembered_by_the_next_daemon(tmp_path: Path) -> None:
    disk, path = Disk(), tmp_path / "requests"
    column = Column(disk, path, wide=True)
    some = Requests(column, young=2, window=4)
    for seq in range(1, 8):
        some.add(f"request {seq}", seq)
    pending = column.pending()
    assert pending is not None
    pending.write(disk)

    again = Requests(Column(disk, path, kept=7, wide=True), young=2, window=4)

    assert [list(again.find(f"request {seq}")) for seq in (3, 4, 7)] == [[], [4], [7]]
    again.add("request 8", 8)
    assert [list(again.find(f"request {seq}")) for seq in (5, 8)] == [[5], [8]]


def test_a_hundred_thousand_requests_are_remembered() -> None:
    assert WINDOW >= 100_000


def test_a_window_whose_begin_cannot_be_read_remembers_more_and_not_less(tmp_path: Path) -> None:
    disk, path = Disk(), tmp_path / "requests"
    column = Column(disk, path, wide=True)
    some = Requests(column, young=2, window=4)
    for seq in range(1, 10):
        some.add(f"q{seq}", seq)
        list(some.find("looked up, so that the window is in memory"))
    pending = column.pending()
    assert pending is not None
    column.settle(pending, pending.write(disk))
    path.unlink()
    for seq in range(10, 14):
        some.add(f"q{seq}", seq)
    assert [list(some.find(f"q{seq}")) for seq in range(7, 14)] == [[seq] for seq in range(7, 14)]


def test_a_bit_that_flips_while_a_daemon_works_makes_no_request_a_new_one(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for count in range(40):
            store.commit(request=f"q{count}", digest="d")
            store.flush()
    with opened(tmp_path) as store:
        path = tmp_path / "history" / "requests"
        raw = bytearray(path.read_bytes())
        raw[-5] ^= 1  # of the checksum of the last one
        path.write_bytes(raw)
        for request in ("q39", "q0", "new"):
            with pytest.raises(HistoryDamaged, match="block 0 is not what was written"):
                store.earlier(request)
        assert isinstance(store.wrong, HistoryDamaged)
    with opened(tmp_path) as store:
        assert store.earlier("q39") is not None
