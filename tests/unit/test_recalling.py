from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.recalling import main, recall
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


def test_what_cannot_be_read_is_said_and_not_shown_as_a_traceback(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / "journal/00000001.jsonl").unlink()

    assert main([str(state), str(tmp_path / "file")]) == 1

    said = capsys.readouterr().err
    assert said.startswith("cannot read ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("is_alone", [False, True])
def test_it_begins_where_the_snapshot_does_and_without_one_at_the_first_line(
    state: Path, tmp_path: Path, *, is_alone: bool
) -> None:
    # Of a snapshot that says something else it can be seen where it comes from.
    found = snapshots.load(Disk(), state)
    assert found is not None
    snapshots.save(Disk(), state, _with(found, alias="bake"))
    if is_alone:
        (state / snapshots.FILE).unlink()

    assert main([str(state), str(tmp_path / "new/file")]) == 0

    (project,) = memories.decode((tmp_path / "new/file").read_bytes()).living.projects
    assert project.alias == ("cake" if is_alone else "bake")


def _with(found: snapshots.Snapshot, *, alias: str) -> snapshots.Snapshot:
    (project,) = found.living.projects
    changed = msgspec.structs.replace(project, alias=alias)
    living = msgspec.structs.replace(found.living, projects=(changed,))
    return msgspec.structs.replace(found, living=living)
