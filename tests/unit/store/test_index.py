from pathlib import Path

from pmrunnerd.store.durable import Disk
from pmrunnerd.store.index import Index


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
    for one in pending.values():
        one.write(Disk())
    index.settle(pending)
    assert not index.pending()

    again = Index(Disk(), tmp_path, index.lengths())

    assert [list(again.column(name).read(0, 9)) for name in "abc"] == [[1], [2], []]
