"""What daemons do to a state directory, each in small: the scenarios of a power cut."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.errors import PmError
from pmrunnerd.rules import decide
from pmrunnerd.store import snapshot
from pmrunnerd.store.archive import write_archive
from pmrunnerd.store.backup import Origin, backup
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.repair import repair
from pmrunnerd.store.restore import check as contents
from pmrunnerd.store.restore import restore
from pmrunnerd.store.store import Store
from tests.crash.memory import MemoryDisk
from tests.crash.trial import AT, STATE, Scenario, Trial, opened
from tests.unit.store.lives import beginning, next_facts


def said(count: int, size: int = 20) -> ev.MessagePosted:
    return ev.MessagePosted(message=f"m{count}", project="w1", text="x" * size, by="anna")


def a_new_state(trial: Trial) -> None:
    """A daemon opens a directory in which nothing is, records that, and leaves in good order."""
    store = opened(trial.disk)
    trial.commit(store, ev.DaemonStarted(release="1", pid=1))
    trial.flush(store)
    trial.commit(store, *beginning(), request="r1")
    trial.flush(store)
    store.close()


def groups(trial: Trial) -> None:
    """Commits travel in groups, smaller and larger than a sector."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    trial.flush(store)
    count = 0
    for sizes in ((20,), (20, 20, 20), (600, 20), (20, 1300, 20), (400, 400, 400)):
        for size in sizes:
            count += 1
            trial.commit(store, said(count, size), request=f"r{count}")
        trial.flush(store)


def segments(trial: Trial) -> None:
    """The journal goes on in the next segment, and in the one after that."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    for count in range(1, 17):
        trial.commit(store, said(count, 150), request=f"r{count}")
        if count % 2:
            trial.flush(store)
    trial.flush(store)
    store.close()


def checkpoints(trial: Trial) -> None:
    """Plans end and are put away, are taken up again and end again; a daemon comes and goes."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    trial.flush(store)
    for count in range(1, 46):
        facts = next_facts(store, count * 11)
        if count % 6 == 5:
            facts = _take_up(store) or facts
        trial.commit(store, *facts, request=f"r{count}")
        trial.flush(store)
        if count % 4 == 0:
            store.checkpoint()
        if count % 15 == 0:
            store.close()
            store = opened(trial.disk)


def _take_up(store: Store) -> tuple[ev.AnyEvent, ...]:
    """Return the facts that try a task of a plan that has ended once more, if there is one."""
    for task in store.lists.tasks(None, None):
        if task.state in (TaskState.ERROR, TaskState.CANCELLED):
            try:
                return decide.retry_task(store.ahead, task.id, "anna")
            except PmError:
                continue
    return ()


def caches_made_anew(trial: Trial) -> None:
    """A snapshot is there that cannot be believed; all is read again, piece by piece."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    for count in range(1, 14):
        trial.commit(store, *next_facts(store, count * 5), request=f"r{count}")
        trial.flush(store)
    store.close()
    file = trial.disk.open(STATE / "snapshot.json", "empty")
    trial.disk.write_all(file, b"not a snapshot", 0)
    trial.disk.sync(file)
    trial.disk.close(file)
    store = opened(trial.disk)
    trial.commit(store, said(900), request="r900")
    trial.flush(store)
    store.close()


def caches_of_other_rules(trial: Trial) -> None:
    """A release with other rules comes: the snapshot proves how far the journal is, and no more."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    for count in range(1, 24):
        trial.commit(store, *next_facts(store, count * 7), request=f"r{count}")
        trial.flush(store)
    store.close()

    def other_rules() -> None:
        path = STATE / snapshot.FILE
        json = trial.disk.read_file(path)[len(b'["00000000",') : -2]
        trial.disk.replace_file(path, line_of(json.replace(b'"fold":"', b'"fold":"x')))

    quiet(trial, other_rules)
    store = opened(trial.disk)
    for count in (900, 901):
        trial.commit(store, said(count), request=f"r{count}")
        trial.flush(store)
    store.close()


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

    trial.checking, trial.recover, trial.again = check, mend, 0.3
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

    trial.checking, trial.recover, trial.again = check, again, 0.3
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
        assert store.read(0, 1000) in both
        goes_on = store.commit(ev.DaemonStarted(release="2", pid=2))
        store.flush()
        store.close()
        again = opened(image)
        assert again.durable == goes_on.seq
        assert not image.is_directory(STATE / "restore")

    trial.checking, trial.again = check, 0.3
    archive.seek(0)
    restore(trial.disk, STATE, archive, HERE)
    trial.disk.boundary = lambda: None
    assert opened(trial.disk).read(0, 1000) == both[0]


def quiet(trial: Trial, work: Callable[[], object]) -> None:
    """Do something while the power stays on, and make all of it durable."""
    cut, trial.disk.boundary = trial.disk.boundary, lambda: None
    work()
    trial.disk.sync_all()
    trial.disk.boundary = cut


def _all_below(disk: MemoryDisk, path: Path) -> list[bytes]:
    found: list[bytes] = []
    for name in disk.names(path):
        below = path / name
        found += _all_below(disk, below) if disk.is_directory(below) else [disk.read_file(below)]
    return found


BACKUPS: Final = Path("/backups")
HERE: Final = Origin(AT, "1", "test")
SCENARIOS: Final[Mapping[str, Scenario]] = {
    "a new state": a_new_state,
    "groups": groups,
    "segments": segments,
    "checkpoints": checkpoints,
    "caches made anew": caches_made_anew,
    "caches of other rules": caches_of_other_rules,
    "repair": repaired,
    "backup": backed_up,
    "restore": restored,
}
