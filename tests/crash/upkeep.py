"""What people do about a state, under power cuts: repair, backup, restore."""

import io
from pathlib import Path
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.store.archive import write_archive
from pmrunnerd.store.backup import Origin, backup
from pmrunnerd.store.batch import Batch
from pmrunnerd.store.repair import repair
from pmrunnerd.store.restore import check as contents
from pmrunnerd.store.restore import restore
from tests.crash.memory import MemoryDisk
from tests.crash.trial import AT, STATE, Trial, opened, quiet, said
from tests.unit.store.lives import beginning

BACKUPS: Final = Path("/backups")
HERE: Final = Origin(AT, "1", "test")


def _lived(trial: Trial, count: int) -> None:
    """Make a state of some segments, with a past, closed in good order."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    for number in range(1, count + 1):
        trial.commit(store, said(number, 150), request=f"r{number}")
        trial.flush(store)
    store.close()


def repaired(trial: Trial) -> None:
    """A bit has flipped; whatever is left of the repair, the next one finishes it and loses one."""
    quiet(trial, lambda: _lived(trial, 12))
    path = STATE / "journal" / "00000001.jsonl"
    raw = bytearray(trial.disk.read_file(path))
    raw[raw.index(b"xxx")] ^= 1
    quiet(trial, lambda: trial.disk.write_file(path, bytes(raw), "empty"))
    lost = 1

    def mend(image: MemoryDisk) -> None:
        repair(image, STATE, at=AT, release="1", change=True)

    def check(image: MemoryDisk) -> None:
        mend(image)
        store = opened(image)
        found = store.read(0, 1000)
        assert [batch.seq for batch in found] == list(range(1, len(trial.asked) + 1))
        same = sum(a == b for a, b in zip(found, trial.asked, strict=True))
        assert same == len(found) - lost
        aside = _all_below(image, STATE / "set-aside")
        assert bytes(raw) in aside, "the original is kept as it was"

    trial.cuts_again(0.3)
    trial.checking, trial.recover = check, mend
    mend(trial.disk)


def backed_up(trial: Trial) -> None:
    """An archive is whole when it has its name, and the state knows nothing of it."""
    quiet(trial, lambda: _lived(trial, 8))
    quiet(trial, lambda: trial.disk.make_directory(BACKUPS))

    def check(image: MemoryDisk) -> None:
        if "state.tar.gz" in (image.names(BACKUPS) if image.is_directory(BACKUPS) else ()):
            archive = io.BytesIO(image.read_file(BACKUPS / "state.tar.gz"))
            scratch = MemoryDisk()
            scratch.make_directory(BACKUPS)
            _, commits = contents(scratch, archive, BACKUPS, HERE)
            assert commits == len(trial.asked)
        trial.check(image)

    def again(disk: MemoryDisk) -> None:
        write_archive(
            disk, BACKUPS / "state.tar.gz", lambda out: backup(disk, STATE, out, HERE), force=True
        )

    trial.cuts_again(0.3)
    trial.checking, trial.recover = check, again
    again(trial.disk)


def restored(trial: Trial) -> None:
    """A state is the old one or the new one, whenever the power went; the next opening finishes."""
    quiet(trial, lambda: _lived(trial, 8))
    archive = io.BytesIO()
    quiet(trial, lambda: backup(trial.disk, STATE, archive, HERE))
    old_count = len(trial.asked)

    def go_on() -> None:
        store = opened(trial.disk)
        for number in range(900, 905):
            trial.commit(store, said(number))
        trial.flush(store)
        store.close()

    quiet(trial, go_on)
    both = (trial.asked[:old_count], list(trial.asked))

    def check(image: MemoryDisk) -> None:
        store = opened(image)
        assert without_the_word(store.read(0, 1000), old_count) in both
        goes_on = store.commit(ev.DaemonStarted(release="2", pid=2))
        store.flush()
        store.close()
        again = opened(image)
        assert again.durable == goes_on.seq
        assert not image.is_directory(STATE / "restore")

    trial.cuts_again(0.3)
    trial.checking = check
    archive.seek(0)
    restore(trial.disk, STATE, archive, HERE)
    trial.disk.boundary = lambda: None
    assert without_the_word(opened(trial.disk).read(0, 1000), old_count) == both[0]


def without_the_word(found: list[Batch], before: int) -> list[Batch]:
    """Return commits without the one that says that those before it were restored."""
    if len(found) == before + 1 and isinstance(found[-1].facts[0], ev.StateRestored):
        return found[:-1]
    return found


def _all_below(disk: MemoryDisk, path: Path) -> list[bytes]:
    found: list[bytes] = []
    for name in disk.names(path):
        below = path / name
        found += _all_below(disk, below) if disk.is_directory(below) else [disk.read_file(below)]
    return found
