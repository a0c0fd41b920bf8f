import os
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.recalling import AS_IT_IS, JOURNAL, recall
from pmrunnerd.store import memories
from pmrunnerd.store import snapshot as snapshots
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged
from pmrunnerd.store.store import Store


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = Store(tmp_path / "state", lambda: "2026-01-02T03:04:05.000Z", release="1")
    store.commit(ev.ProjectAdded(project="w1", alias="cake", path="/srv/cake"))
    store.flush()
    store.close()
    return tmp_path / "state"


def test_a_damaged_state_is_not_remembered_as_an_empty_one(state: Path, tmp_path: Path) -> None:
    journal = state / "journal/00000001.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"cake", b"bake") * 2)

    with pytest.raises(JournalDamaged):
        recall(state, tmp_path / "recalled")


def test_it_is_written_down_from_the_snapshot_and_from_the_journal(
    state: Path, tmp_path: Path
) -> None:
    # Of a snapshot that says something else it can be seen where each comes from.
    found = snapshots.load(Disk(), state)
    assert found is not None
    (project,) = found.living.projects
    other = _with(found, alias="bake")
    snapshots.save(Disk(), state, other)

    recall(state, tmp_path / "recalled")

    said = {
        name: memories.decode((tmp_path / "recalled" / name).read_bytes()).living.projects[0].alias
        for name in os.listdir(tmp_path / "recalled")  # noqa: PTH208 - names alone
    }
    assert said == {AS_IT_IS: "bake", JOURNAL: project.alias}


def _with(found: snapshots.Snapshot, *, alias: str) -> snapshots.Snapshot:
    (project,) = found.living.projects
    changed = msgspec.structs.replace(project, alias=alias)
    living = msgspec.structs.replace(found.living, projects=(changed,))
    return msgspec.structs.replace(found, living=living)
