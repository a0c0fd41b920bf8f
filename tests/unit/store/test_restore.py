import errno
import io
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused, Unavailable
from pmrunnerd.model.upkeep import Restored
from pmrunnerd.store.backup import Origin
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import BadArchive, JournalDamaged, TooNew
from pmrunnerd.store.restore import prepare, restore
from pmrunnerd.store.verify import verify
from tests.unit.store.archives import archived, contents, packed
from tests.unit.store.damage import COMMITS, everything, flip, messages, segments, state
from tests.unit.store.parts import AT, RELEASE, illegal, opened, project, said

HERE = Origin(AT, RELEASE, "dev")
FIRST = "journal/00000001.jsonl"


def put_back(directory: Path, archive: bytes, *, force: bool = False) -> Restored:
    return restore(Disk(), directory, io.BytesIO(archive), HERE, force=force)


def other(directory: Path) -> Path:
    """Make a longer state with other messages, and a run."""
    with opened(directory) as store:
        store.commit(project())
        for count in range(1, 31):
            store.commit(said(100 + count))
        store.flush()
    (directory / "runs" / "r1").mkdir(parents=True)
    (directory / "runs" / "r1" / "spec.json").write_text("{}")
    (directory / "set-aside").mkdir()
    (directory / "set-aside" / "old").write_text("old")
    return directory


def test_a_state_comes_back_as_it_was_backed_up(tmp_path: Path) -> None:
    expected = messages(state(tmp_path / "one"))
    found = put_back(tmp_path / "two", archived(tmp_path / "one"))

    assert messages(tmp_path / "two") == expected
    assert (found.commits, found.at) == (COMMITS, AT)
    assert not (tmp_path / "two" / "restore").exists()


def test_what_was_there_is_set_aside_whole(tmp_path: Path) -> None:
    before = everything(other(tmp_path / "two"))
    (tmp_path / "two" / "web.token").write_text("hush")
    found = put_back(tmp_path / "two", archived(state(tmp_path / "one")))
    now = everything(tmp_path / "two")

    kept = {
        name.replace(f"set-aside/{Path(found.kept).name}/", ""): content
        for name, content in now.items()
        if name.startswith("set-aside/")
    }
    assert kept.pop("set-aside/old") == b"old"
    assert kept | {"set-aside/old": b"old"} == before
    assert now["web.token"] == b"hush", "a secret stays where it is"


def test_a_shorter_journal_than_the_lock_remembers_is_not_taken_for_damage(tmp_path: Path) -> None:
    put_back(other(tmp_path / "two"), archived(state(tmp_path / "one")))

    assert messages(tmp_path / "two") == messages(tmp_path / "one")
    assert verify(Disk(), tmp_path / "two", at=AT, release=RELEASE).sound


def test_the_next_commit_follows_the_last_one_of_the_archive(tmp_path: Path) -> None:
    put_back(other(tmp_path / "two"), archived(state(tmp_path / "one")))
    with opened(tmp_path / "two") as store:
        store.commit(said(99))
        store.flush()

    # One says that it was restored.
    assert store.durable == COMMITS + 2


def test_a_restored_state_can_be_backed_up_and_restored(tmp_path: Path) -> None:
    expected = messages(state(tmp_path / "one"))
    put_back(other(tmp_path / "two"), archived(tmp_path / "one"))
    put_back(tmp_path / "three", archived(tmp_path / "two"))
    put_back(tmp_path / "two", archived(tmp_path / "three"))

    assert messages(tmp_path / "two") == messages(tmp_path / "three") == expected
    kept = [path.name for path in (tmp_path / "two" / "set-aside").iterdir()]
    assert len([name for name in kept if name.endswith("-before-restore")]) == 1
    assert len([name for name in kept if "-before-restore-2" in name]) == 1


def test_what_a_repair_kept_comes_along(tmp_path: Path) -> None:
    kept = state(tmp_path / "one") / "set-aside" / "20261124T123000Z-before-repair"
    kept.mkdir(parents=True)
    (kept / "00000001.jsonl").write_text("damaged")
    put_back(tmp_path / "two", archived(tmp_path / "one"))

    assert (tmp_path / "two" / "set-aside" / kept.name / "00000001.jsonl").read_text() == "damaged"


def bad(directory: Path) -> dict[str, bytes]:
    """Return archives of a state that are whole, and whose journal cannot be believed."""
    files = contents(archived(directory))
    lines = files[FIRST].splitlines(keepends=True)
    second = "journal/00000002.jsonl"
    unlike = encode(Batch(seq=2, at=AT, facts=(illegal(),)))
    newer = encode(Batch(seq=2, at=AT, level=99, facts=()))
    return {
        "does not match its checksum": packed(
            files | {FIRST: lines[0].replace(b"alias", b"alibi") + b"".join(lines[1:])}
        ),
        "is commit": packed(files | {FIRST: b"".join(lines[1:])}),
        "it is missing": packed({n: data for n, data in files.items() if n != second}),
        "cannot be taken in": packed({FIRST: lines[0] + unlike}),
        "level 99": packed({FIRST: lines[0] + newer}),
        "it holds no journal": packed({"runs/r1/spec.json": b"{}"}),
        "levels up to": packed(files, level=99),
    }


def test_a_journal_that_cannot_be_believed_is_refused_and_nothing_is_changed(
    tmp_path: Path,
) -> None:
    before = everything(other(tmp_path / "two"))
    for why, archive in bad(state(tmp_path / "one")).items():
        with pytest.raises((BadArchive, TooNew), match=why) as refused:
            put_back(tmp_path / "two", archive)
        assert f"{tmp_path / 'two' / 'restore'}/" not in str(refused.value), "it is gone by now"
        assert everything(tmp_path / "two") == before
        assert not (tmp_path / "two" / "restore").exists()


def test_another_environment_takes_force(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"), environment="prod")
    with pytest.raises(Refused, match="it is of environment prod, and this is dev"):
        put_back(tmp_path / "two", archive)

    assert put_back(tmp_path / "two", archive, force=True).environment == "prod"


def test_while_a_daemon_has_the_state_it_is_refused(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    with opened(other(tmp_path / "two")), pytest.raises(Refused, match="holds it since"):
        put_back(tmp_path / "two", archive)
    assert not (tmp_path / "two" / "restore").exists()


def test_on_a_damaged_state_it_works_too_and_keeps_the_damage(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    flip(segments(state(tmp_path / "two"))[0], 2)
    damaged = segments(tmp_path / "two")[0].read_bytes()
    found = put_back(tmp_path / "two", archive)

    assert messages(tmp_path / "two") == messages(tmp_path / "one")
    assert (Path(found.kept) / FIRST).read_bytes() == damaged


def test_a_full_disk_is_said_and_nothing_is_changed(tmp_path: Path) -> None:
    class Full(Disk):
        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            if len(data) != 512:  # the lock has its room already
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write_at(file, data, offset)

    archive = archived(state(tmp_path / "one"))
    before = everything(other(tmp_path / "two"))
    with pytest.raises(Unavailable, match="No space left"):
        restore(Full(), tmp_path / "two", io.BytesIO(archive), HERE)

    assert everything(tmp_path / "two") == before
    assert not (tmp_path / "two" / "restore").exists()


def test_prepared_it_is_done_by_whoever_opens_the_state_next(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    with opened(other(tmp_path / "two")) as store:
        prepare(Disk(), tmp_path / "two", io.BytesIO(archive), HERE, upload="t1")
        store.commit(said(200))
        store.flush()
        assert "m200" in store.state.messages
    with opened(tmp_path / "two") as store:
        assert set(store.state.messages) == messages(tmp_path / "one")
        assert store.restored is not None
        assert store.restored.upload == "t1"
    with opened(tmp_path / "two") as store:
        assert store.restored is None


def test_an_archive_that_did_not_come_whole_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    staged = other(tmp_path) / "restore" / "state" / "journal"
    staged.mkdir(parents=True)
    (staged / "00000001.jsonl").write_text("half")
    (tmp_path / "restore" / "link").symlink_to(tmp_path / "runs")
    with opened(tmp_path) as store:
        assert "m101" in store.state.messages
    assert not (tmp_path / "restore").exists()
    assert (tmp_path / "runs" / "r1").exists()


def test_a_word_to_go_that_cannot_be_read_stops_us_until_another_restore(tmp_path: Path) -> None:
    archive = archived(state(tmp_path / "one"))
    with opened(other(tmp_path / "two")):
        prepare(Disk(), tmp_path / "two", io.BytesIO(archive), HERE)
    ready = tmp_path / "two" / "restore" / "READY"
    ready.write_bytes(ready.read_bytes().replace(b"journal", b"journey"))
    with pytest.raises(JournalDamaged, match="READY"):
        messages(tmp_path / "two")
    put_back(tmp_path / "two", archive)

    assert messages(tmp_path / "two") == messages(tmp_path / "one")
    assert [p for p in (tmp_path / "two" / "set-aside").iterdir() if "unfinished" in p.name]


def test_once_it_is_recorded_a_full_disk_only_puts_it_off(tmp_path: Path) -> None:
    class Full(Disk):
        def create_directory(self, path: Path, mode: int) -> None:
            if path.name.endswith("-before-restore"):
                raise OSError(errno.ENOSPC, "No space left on device")
            super().create_directory(path, mode)

    archive = archived(state(tmp_path / "one"))
    other(tmp_path / "two")
    with pytest.raises(Unavailable, match="the next start of the daemon finishes it"):
        restore(Full(), tmp_path / "two", io.BytesIO(archive), HERE)

    assert messages(tmp_path / "two") == messages(tmp_path / "one")
