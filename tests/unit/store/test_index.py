from pathlib import Path

import pytest

from pmrunnerd.store.column import Pending
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.index import Index, lasting


def written(index: Index, pending: dict[str, Pending]) -> None:
    index.settle(pending, {name: one.write(Disk()) for name, one in pending.items()})


def test_columns_are_made_when_they_are_first_written_to_and_counted(tmp_path: Path) -> None:
    index = Index(Disk(), tmp_path, {})
    index.column("only looked at")
    assert not index.lengths()
    index.column("plans-w1").append(3)
    assert index.column("plans-w1") is index.column("plans-w1")
    assert index.lengths() == {"plans-w1": 1}


def test_what_a_checkpoint_wrote_is_found_by_the_lengths_of_its_snapshot(tmp_path: Path) -> None:
    index = Index(Disk(), tmp_path, {})
    index.column("a").append(1)
    index.column("b").append(2)
    pending = index.pending()
    written(index, pending)
    assert not index.pending()

    again = Index(Disk(), tmp_path, index.lengths())

    assert [list(again.column(name).read(0, 9)) for name in "abc"] == [[1], [2], []]


def test_a_number_where_there_is_none_is_nothing(tmp_path: Path) -> None:
    index = Index(Disk(), tmp_path, {})
    index.column("runs").put(3, 77)
    assert [index.get("runs", position) for position in (-1, 0, 2, 3, 4)] == [0, 0, 0, 77, 0]


def test_what_is_found_to_be_wrong_is_remembered_and_the_snapshot_taken_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[str] = []

    def retract() -> None:
        taken.append("taken")
        raise OSError(30, "Read-only file system")

    index = Index(Disk(), tmp_path, {}, retract=retract)
    assert index.is_trusted
    first = index.damaged("cannot read places: one is wrong")
    index.damaged("cannot read runs: another one is wrong")
    assert (index.is_trusted, index.wrong) == (False, first)
    assert len(taken) == 2
    assert "cannot read places: one is wrong; pmrunnerctl restart" in caplog.text
    assert "the snapshot cannot be taken away: Read-only file system" in caplog.text


def test_only_columns_that_ever_grow_have_sums_that_last(tmp_path: Path) -> None:
    index = Index(Disk(), tmp_path, {})
    for name in ("a", "b", "plans", "pruned"):
        index.column(name).append(1)
    written(index, index.pending())
    assert lasting(index.sums()).keys() == {"a", "b"}
    index.column("a").put(0, 2)
    written(index, index.pending())
    assert lasting(index.sums()).keys() == {"b"}
    again = Index(Disk(), tmp_path, index.lengths(), lasting(index.sums()))
    assert lasting(again.sums()) == lasting(index.sums())
