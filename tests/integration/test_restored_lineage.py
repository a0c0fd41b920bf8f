"""A restored state says in itself that it was restored, so that followers can be told."""

from pathlib import Path

import pytest

from pmrunnerd.model.events import StateRestored
from pmrunnerd.rules import lineage
from pmrunnerd.store.failures import JournalDamaged
from tests.unit.store.archives import archived
from tests.unit.store.damage import COMMITS, state
from tests.unit.store.parts import AT, opened
from tests.unit.store.test_restore import other, put_back


def test_a_restored_state_says_so_and_that_it_was_is_durable_with_it(tmp_path: Path) -> None:
    found = put_back(other(tmp_path / "two"), archived(state(tmp_path / "one")))

    with opened(tmp_path / "two") as store:
        (told,) = store.read(COMMITS)
        assert told.facts == (StateRestored(commits=COMMITS, kept=Path(found.kept).name, made=AT),)
        assert lineage.current(store.state) == Path(found.kept).name


def test_to_restore_the_same_archive_again_begins_another_lineage(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    seen = set()
    for _ in range(2):
        put_back(tmp_path / "two", archive)
        with opened(tmp_path / "two") as store:
            seen.add(lineage.current(store.state))

    assert len(seen) == 2


def test_a_restored_journal_that_lost_its_last_line_is_missed(tmp_path: Path) -> None:
    put_back(other(tmp_path / "two"), archived(state(tmp_path / "one")))
    last = max((tmp_path / "two" / "journal").iterdir())
    last.write_bytes(b"".join(last.read_bytes().splitlines(keepends=True)[:-1]))
    (tmp_path / "two" / "snapshot.json").unlink()

    with (
        pytest.raises(JournalDamaged, match="ends at commit 10, and 11 was durable"),
        opened(tmp_path / "two"),
    ):
        pass
