"""What daemons do to a state directory, each in small: the scenarios of a power cut."""

from collections.abc import Mapping, Sequence
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import TaskState
from pmrunnerd.model.errors import PmError
from pmrunnerd.rules import decide
from pmrunnerd.store import snapshot
from pmrunnerd.store.batch import line_of
from pmrunnerd.store.store import Store
from tests.crash import upkeep
from tests.crash.trial import STATE, Scenario, Trial, opened, quiet, said
from tests.unit.store.lives import beginning, next_facts


def a_new_state(trial: Trial) -> None:
    """A daemon opens a directory in which nothing is, records that, and leaves in good order."""
    trial.cuts_again(1)
    store = opened(trial.disk)
    trial.commit(store, ev.DaemonStarted(release="1", pid=1))
    trial.flush(store)
    trial.commit(store, *beginning(), request="r1")
    trial.flush(store)
    store.close()


def groups(trial: Trial) -> None:
    """Commits travel in groups, smaller and larger than a sector."""
    trial.cuts_again(0.2)
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
    trial.cuts_again(0.02)
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


def _lived(trial: Trial, choices: Sequence[int]) -> None:
    """Make a state with a past, as `checkpoints` does, closed in good order."""
    store = opened(trial.disk)
    trial.commit(store, *beginning())
    for count, choice in enumerate(choices, start=1):
        trial.commit(store, *next_facts(store, choice), request=f"r{count}")
        trial.flush(store)
    store.close()


def caches_made_anew(trial: Trial) -> None:
    """A snapshot is there that cannot be believed; all is read again, piece by piece."""
    trial.cuts_again(0.1)
    quiet(trial, lambda: _lived(trial, [count * 5 for count in range(1, 14)]))
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
    trial.cuts_again(0.04)
    quiet(trial, lambda: _lived(trial, [count * 7 for count in range(1, 24)]))

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


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "a new state": a_new_state,
    "groups": groups,
    "segments": segments,
    "checkpoints": checkpoints,
    "caches made anew": caches_made_anew,
    "caches of other rules": caches_of_other_rules,
    "repair": upkeep.repaired,
    "backup": upkeep.backed_up,
    "restore": upkeep.restored,
}
