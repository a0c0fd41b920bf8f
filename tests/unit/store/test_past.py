import errno
import itertools
import os
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmrunnerd.model.entities import PlanState
from pmrunnerd.model.requests import make
from pmrunnerd.rules import decide
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import JournalDamaged, StoreFailed
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.past import Past
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan
from tests.unit.store.parts import AT, illegal, now, opened, project, said
from tests.unit.store.trouble import BadSector


def written(directory: Path, *batches: Batch) -> Past:
    (directory / "journal").mkdir()
    path = directory / "journal" / "00000001.jsonl"
    path.write_bytes(b"".join(encode(batch) for batch in batches))
    disk = Disk()
    return Past(directory, Journal(directory / "journal", disk), disk)


def replay(past: Past) -> None:
    past.replay(at_least=0, at=AT, each=lambda _: None)


def test_the_journal_folds_to_state_history_and_requests(tmp_path: Path) -> None:
    past = written(
        tmp_path,
        Batch(seq=1, at=AT, facts=(project(),)),
        Batch(seq=2, at=AT, facts=(said(1),), request="r1"),
    )
    replay(past)

    assert past.state.seq == 2
    assert past.state.messages["m1"].text == "hello"
    assert past.find("r1") == past.history.one(2)
    assert past.find("r2") is None


def test_facts_that_cannot_follow_are_damage_with_file_and_line(tmp_path: Path) -> None:
    past = written(
        tmp_path,
        Batch(seq=1, at=AT, facts=(project(),)),
        Batch(seq=2, at=AT, facts=(illegal(),)),
    )

    with pytest.raises(JournalDamaged, match=r"00000001\.jsonl: line 2 cannot be taken in: .*b404"):
        replay(past)


def test_another_request_with_the_same_hash_is_not_taken_for_it(tmp_path: Path) -> None:
    past = written(tmp_path, Batch(seq=1, at=AT, facts=(project(),), request="r1"))
    replay(past)
    past.requests._young["r2"] = 1  # as if both had one checksum

    assert past.find("r2") is None


def at(milliseconds: int) -> str:
    stamp = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_request_that_may_be_forgotten_is_told_from_one_that_is_new(tmp_path: Path) -> None:
    began = 1_795_000_000_000
    time = itertools.count(began, 2000)
    with closing(Store(tmp_path, lambda: at(next(time)), release="1", window=3)) as store:
        made = [make(began + 2000 * n, bytes([n] * 10)) for n in range(1, 8)]
        for name in made:
            store.commit(request=name, digest="d")
            store.flush()
        known = [name for name in made if store.earlier(name)]
        assert known[-3:] == made[-3:]
        for name in set(made) - set(known):
            assert store.is_too_old(name)
        now = next(time)
        assert not store.is_too_old(make(now, b"new" * 4))
        assert not store.is_too_old(make(now - 5000, b"waited a little"))
        assert store.is_too_old(make(now - 24 * 3600 * 1000, b"of yesterday"))
        assert not store.is_too_old("says no time")


def test_nothing_is_too_old_that_was_made_since_the_first_request_of_all(tmp_path: Path) -> None:
    began = 1_795_000_000_000
    time = itertools.count(began, 3_600_000)
    with closing(Store(tmp_path, lambda: at(next(time)), release="1")) as store:
        store.commit(request="r1", digest="d")
        store.flush()
        assert not store.is_too_old(make(began - 3_600_000, b"while we were away"))


def commit(store: Store, *facts: object) -> None:
    store.commit(*facts)  # type: ignore[arg-type]
    store.flush()


def with_a_plan_taken_up_again(directory: Path) -> Path:
    """Return a state that a kill left with a commit behind its snapshot that needs the history."""
    died = directory / "died"
    with opened(directory / "lived") as store:
        commit(store, *beginning())
        task = failed_plan(store)
        store.commit(request="q1", digest="d")
        store.checkpoint()
        commit(store, *decide.retry_task(store.ahead, task, "anna"))
        shutil.copytree(directory / "lived", died)
    return died


@pytest.mark.parametrize("name", ["requests", "plans", "finished.jsonl"])
def test_a_bad_sector_under_the_history_costs_time_and_nothing_else(
    tmp_path: Path, name: str
) -> None:
    with opened(with_a_plan_taken_up_again(tmp_path), disk=BadSector(name)) as store:
        assert store.state.plans["p1"].state is PlanState.ACTIVE


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENOMEM])
def test_the_journal_is_not_blamed_for_what_passes(tmp_path: Path, error: int) -> None:
    directory = with_a_plan_taken_up_again(tmp_path)
    with pytest.raises(StoreFailed, match=os.strerror(error)):
        Store(directory, now, release="1", disk=BadSector("finished.jsonl", error))
    with opened(directory) as store:
        assert store.state.plans["p1"].state is PlanState.ACTIVE
