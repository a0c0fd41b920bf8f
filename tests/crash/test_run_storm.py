"""The storm with runs in it: daemon, run hosts and agents are killed a hundred times while they work.

Six people have scripts run that print, commit, ask, flee, fail, and are cancelled and tried again.
A kill counts only if its victim lived and a run was under way; meanwhile a lookout outside sees to it
that no task is worked on twice at once, and that nobody is at work after the end of a run was recorded.
"""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import TaskState
from tests.crash import accounts, chores
from tests.crash.diary import Crowd, Diary
from tests.crash.hunter import AGENT, Hunter
from tests.crash.lookout import Lookout
from tests.crash.people import Person
from tests.crash.processes import at_work_below, of_runs
from tests.crash.strikes import Target
from tests.everything import EVERYTHING

SEED: Final = int(os.environ.get("PMRUNNER_TEST_SEED", "20261126"))
TIMES: Final = 5 if EVERYTHING else 1
WANTED: Final = {"daemon": 34, "host": 33, "both": 8, **dict.fromkeys(AGENT, 11)}
PEOPLE: Final = ("one", "two", "three", "four", "five", "six")
SETTINGS: Final = ("--store-checkpoint=15", "--runs-slots=4", "--runs-interruptions=1000")


@pytest.mark.timeout(1800 * TIMES)
def test_a_hundred_kills_of_daemon_hosts_and_agents_lose_double_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, crowd = tmp_path / "state", Crowd()
    with Target(state, *SETTINGS) as daemon:
        people = [
            Person(
                alias,
                daemon.add_project(alias),
                Diary(tmp_path / f"{alias}.diary", daemon.socket),
                SEED,
            )
            for alias in PEOPLE
        ]
        lookout = Lookout(state)
        hunter = Hunter(daemon, SEED, crowd.check, lookout.check)
        with watched(lookout), at_work(crowd, people, daemon):
            hunter.rage({kind: times * TIMES for kind, times in WANTED.items()})
        with capsys.disabled():
            runs = len(lookout.record.task_of)
            sys.stdout.write(
                f"\nseed {SEED}: {hunter.report()}; {runs} runs of {len(lookout.record.tasks)} tasks,"
                f" looked at {lookout.looks} times\n"
            )
        lookout.record.read()
        lookout.check()
        assert hunter.counts["daemon"] >= 34 * TIMES
        assert hunter.counts["host"] >= 33 * TIMES
        assert hunter.of_agents >= 33 * TIMES
        assert_it_came_out_well(daemon, people, lookout)
    for person in people:
        person.diary.close()
    assert of_runs(state) == []
    assert at_work_below(state, *(person.path for person in people)) == []


@contextmanager
def watched(lookout: Lookout) -> Iterator[None]:
    lookout.start()
    try:
        yield
    finally:
        lookout.end()


@contextmanager
def at_work(crowd: Crowd, people: list[Person], daemon: Target) -> Iterator[None]:
    """Have people work under a daemon that may be killed, and see it through when that is over."""
    daemon.kill()
    daemon.spawn()
    for person in people:
        crowd.start(person.alias, person.diary, person.work)
    try:
        yield
    except BaseException:
        for person in people:
            person.gives_up = True
        raise
    finally:
        daemon.strike()
        daemon.start()
        crowd.end()
        have_the_last_word(people)


def have_the_last_word(people: list[Person]) -> None:
    """Have one more thing done in each project: whatever was left there is put away before it."""
    for person in people:
        person.have_done(chores.count(f"{person.alias}-last", random.Random(SEED)))


def assert_it_came_out_well(daemon: Target, people: list[Person], lookout: Lookout) -> None:
    tasks, runs = accounts.tasks(daemon), accounts.runs(daemon)
    assert {run.id for run in runs} == set(lookout.record.ended) == set(lookout.record.task_of)
    accounts.assert_every_task_is_explained(daemon, tasks, lookout.record, people)
    accounts.assert_output_is_complete(daemon, runs, people)
    accounts.assert_every_run_ended_in_words(daemon, runs, daemon.state)
    for person in people:
        accounts.assert_every_message_is_there_once(daemon, person, lookout.record)
        accounts.assert_work_is_committed_once(person, tasks, daemon.state)
        accounts.assert_references_are_named_and_there(runs, person)
        accounts.assert_the_workspace_is_clean(person)
    assert daemon.ask(p.Status()).tasks[TaskState.RUNNING] == 0
